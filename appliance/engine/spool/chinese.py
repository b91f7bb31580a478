"""The errors a folder's user can meet, in Chinese: code → what happened, what to do."""

from __future__ import annotations

from typing import Dict, Tuple

CHINESE: Dict[str, Tuple[str, str]] = {
    "internal": ("设备内部出现错误。", "请再试一次；如果再次出现，请运行 `appliance doctor` 并报告其输出。"),
    "usage": ("同名的文件不止一个，或选项不能这样使用。", "请只保留一个同名文件，或改用不同的名称。"),
    "photo": ("这张照片不能使用。", "请换一张照片：只有一张脸，正对镜头，光线充足。"),
    "photo_not_found": (
        "没有找到照片，或照片无法读取。",
        "请在录音旁边放一张同名照片，或放一张 default.jpg 供所有录音使用。",
    ),
    "photo_unreadable": ("这个文件不是可以读取的图片，可能已损坏或类型不对。", "请使用 JPEG、PNG、WebP 或 BMP 文件。"),
    "photo_too_large": ("这张图片的像素超过了设备的上限。", "请使用不超过一亿像素的图片。"),
    "face_not_found": ("照片中没有找到人脸。", "请使用一张正脸照片：面向镜头，没有遮挡，光线充足。"),
    "face_too_small": ("照片中的人脸太小。", "请使用脸部宽度至少 80 像素的照片。"),
    "face_profile": ("脸部侧转得太多。", "请使用面向镜头的照片（转动小于 35 度）。"),
    "face_cut_off": ("脸部有一部分在照片之外。", "请使用能看到整张脸的照片，从额头到下巴。"),
    "face_choice_invalid": ("照片中没有这个编号的人脸。", "人脸从左边开始编号，第一张为 1。"),
    "speech": ("这段录音不能使用。", "请在安静的地方靠近话筒重新录音。"),
    "speech_not_found": ("录音不存在或无法读取。", "请检查文件及其权限。"),
    "speech_unreadable": (
        "这个文件不是可以读取的录音，可能类型不对。",
        "请使用 WAV、FLAC、MP3、M4A、OGG 或 Opus 文件。",
    ),
    "speech_corrupt": ("录音已损坏：中途中断或出错。", "请重新复制或重新录音。"),
    "speech_too_short": ("录音短于半秒。", "请至少录一个词。"),
    "speech_silent": ("录音中听不到说话声。", "请检查话筒，稍微大声一点重新录音。"),
    "speech_clipped": ("录音过载：太多声音超出了最大音量。", "请调低话筒音量或离远一点，重新录音。"),
    "speech_too_long": ("录音超过了设备允许的长度。", "请把录音分成几段。"),
    "duration_mismatch": ("要求的时长与录音的时长不同。", "请不要指定时长：视频总是与录音一样长。"),
    "output": ("视频无法写入。", "请检查文件夹、权限和剩余空间；同名的其他文件请先移走。"),
    "disk_full": ("没有足够的空间存放视频。", "请腾出一些空间后再试。"),
    "encoder_failed": ("视频完成之前编码程序中断了。", "请检查剩余空间；详细信息见日志。"),
    "upload_too_large": ("文件超过了设备允许的大小。", "请使用更小的照片或更短的录音。"),
    "consent_missing": ("照片中的人尚未同意使用其面容和声音。", "请先征得同意。"),
    "worker_crashed": ("制作这个视频时程序两次崩溃，任务已搁置。", "请换一张照片或一段录音；详细信息见日志。"),
}
