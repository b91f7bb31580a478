"""Every error of `appliance.errors`, in words for somebody who has no keyboard: what happened, and what to do.

``error.CODE`` and ``error.CODE.action``.
"""

from __future__ import annotations

from typing import Dict, Tuple

Pair = Tuple[str, str]

ASK_STAFF: Pair = ("请告诉工作人员。", "Please tell the staff.")
TRY_OR_ASK: Pair = (
    "请再试一次；如果再次出现，请告诉工作人员。",
    "Try again. If it happens twice, please tell the staff.",
)
ONE_FACE: Pair = ("请换一张：只有一张脸，正对镜头，光线充足。", "Take another: one face, towards the camera, well lit.")
NEAR_AND_QUIET: Pair = ("请在安静处靠近话筒再录一次。", "Record again, close to the microphone, where it is quiet.")
ANOTHER_FILE: Pair = ("请换一个文件。", "Please choose another file.")
LATER: Pair = ("请过一会儿再试。", "Please try again in a while.")

_FAILURES: Dict[str, Tuple[Pair, Pair]] = {
    "internal": (("设备内部出现了问题。", "Something went wrong inside the machine."), TRY_OR_ASK),
    "usage": (("不能这样使用。", "This cannot be used like this."), TRY_OR_ASK),
    # --- photo
    "photo": (("这张照片不能用。", "This photo cannot be used."), ONE_FACE),
    "photo_not_found": (
        ("照片读不到了。", "The photo can no longer be read."),
        ("请检查U盘是否还插着，或重新拍照。", "Is the USB stick still plugged in? Or take a new photo."),
    ),
    "photo_unreadable": (("这个文件不是能打开的照片。", "This file is not a photo that can be opened."), ANOTHER_FILE),
    "photo_too_large": (
        ("这张照片太大了。", "This photo is too large."),
        ("请换一张不超过一亿像素的照片。", "Choose one of at most 100 megapixels."),
    ),
    "face_not_found": (
        ("照片里没有找到脸。", "No face was found in the photo."),
        ("请正对镜头，脸不要被遮住，光线要充足。", "Face the camera, uncovered and well lit."),
    ),
    "face_too_small": (
        ("照片里的脸太小。", "The face in the photo is too small."),
        ("请靠近一些，或换一张近照。", "Come closer, or choose a photo taken from near."),
    ),
    "face_profile": (
        ("脸转得太偏了。", "The face is turned too far to the side."),
        ("请正对镜头再拍一张。", "Look towards the camera and take another."),
    ),
    "face_cut_off": (
        ("脸有一部分在照片外面。", "Part of the face is outside the photo."),
        ("请让整张脸都在画面里，从额头到下巴。", "Show the whole face, forehead to chin."),
    ),
    "face_choice_invalid": (("照片里没有这张脸。", "That face is not in the photo."), ONE_FACE),
    # --- voice
    "speech": (("这段录音不能用。", "This recording cannot be used."), NEAR_AND_QUIET),
    "speech_not_found": (
        ("录音读不到了。", "The recording can no longer be read."),
        ("请检查U盘是否还插着，或重新录音。", "Is the USB stick still plugged in? Or record again."),
    ),
    "speech_unreadable": (
        ("这个文件不是能打开的录音。", "This file is not a recording that can be opened."),
        ANOTHER_FILE,
    ),
    "speech_corrupt": (("这段录音已损坏。", "This recording is damaged."), ANOTHER_FILE),
    "speech_too_short": (
        ("录音太短了。", "The recording is too short."),
        ("请至少说一句话。", "Please say at least one sentence."),
    ),
    "speech_silent": (
        ("录音里听不到说话声。", "No speech can be heard in the recording."),
        ("请靠近话筒，大声一点再录一次。", "Record again, closer and a little louder."),
    ),
    "speech_clipped": (
        ("声音太大，录音失真了。", "It was too loud: the recording is distorted."),
        ("请离话筒远一点再录一次。", "Step back a little and record again."),
    ),
    "speech_too_long": (
        ("录音太长了。", "The recording is too long."),
        ("请录短一些，或换一段。", "Record a shorter one, or choose another."),
    ),
    "duration_mismatch": (("视频与录音的长度不同。", "Video and recording differ in length."), TRY_OR_ASK),
    # --- inside the machine
    "runtime_unavailable": (("制作视频的程序无法启动。", "What makes the videos cannot start."), ASK_STAFF),
    "model_missing": (("设备里缺少制作视频的文件。", "Files for making videos are missing."), ASK_STAFF),
    "model_corrupt": (("制作视频的文件已损坏。", "Files for making videos are damaged."), ASK_STAFF),
    "model_mismatch": (("设备里的文件版本不一致。", "Files of this machine do not fit together."), ASK_STAFF),
    "npu": (("人工智能处理器没有反应。", "The AI processor does not respond."), TRY_OR_ASK),
    "model_input_invalid": (("制作视频时出错了。", "Making the video failed."), ASK_STAFF),
    "output": (("视频没有存成。", "The video could not be stored."), TRY_OR_ASK),
    "disk_full": (("存储空间不够了。", "There is not enough space left."), ASK_STAFF),
    "encoder_missing": (("制作视频的程序不完整。", "Part of what makes the videos is missing."), ASK_STAFF),
    "encoder_failed": (("视频没有做完。", "The video was not finished."), TRY_OR_ASK),
    "video_unplayable": (
        ("这段视频无法播放。", "This video cannot be played."),
        ("请重新制作一次。", "Please make it once more."),
    ),
    # --- devices
    "device": (("有一个设备不能用了。", "A device does not work."), ASK_STAFF),
    "microphone": (("话筒不能用了。", "The microphone does not work."), ASK_STAFF),
    "microphone_missing": (
        ("没有找到话筒。", "No microphone was found."),
        ("请检查话筒是否插好；插上后会自动继续。", "Is it plugged in? It goes on by itself once it is."),
    ),
    "microphone_busy": (("话筒正被占用。", "The microphone is in use elsewhere."), LATER),
    "microphone_lost": (
        ("录音时话筒断开了。", "The microphone was cut off while recording."),
        ("请把话筒插好，再录一次。", "Plug it in again and record once more."),
    ),
    "speaker": (("现在没有声音。", "There is no sound now."), ASK_STAFF),
    "camera": (("相机不能用了。", "The camera does not work."), ASK_STAFF),
    "camera_missing": (
        ("没有找到相机。", "No camera was found."),
        ("请检查相机是否插好；也可以选已有的照片。", "Is it plugged in? You can also choose a photo."),
    ),
    "camera_busy": (("相机正被占用。", "The camera is in use elsewhere."), LATER),
    "camera_lost": (
        ("相机断开了。", "The camera was cut off."),
        ("插好后会自动继续；也可以选已有的照片。", "It goes on once it is plugged in. You can also choose a photo."),
    ),
    "pins_unavailable": (("按钮和指示灯不能用了。", "Buttons and lamps do not work."), ASK_STAFF),
    "stick_missing": (
        ("没有U盘。", "There is no USB stick."),
        ("请插入U盘再试一次。", "Plug one in and try again."),
    ),
    "stick_read_only": (
        ("这个U盘不能写入。", "Nothing can be written to this USB stick."),
        ("请换一个U盘，或拨开它的写保护开关。", "Use another one, or move its lock switch."),
    ),
    # --- staff
    "pin": (
        ("这个密码不能用。", "This PIN cannot be used."),
        (
            "请用四到八位数字，不要连号，也不要全部相同。",
            "Choose four to eight digits, neither a row nor all the same.",
        ),
    ),
    "pin_wrong": (("密码不对。", "This is not the PIN."), ("请再试一次。", "Try again.")),
    "pin_locked": (("密码输错次数太多。", "Too many wrong PINs were entered."), LATER),
    # --- settings and engine
    "settings_invalid": (("设置文件有错误。", "The settings file cannot be used."), ASK_STAFF),
    "engine": (("视频没有做成。", "The video could not be made."), TRY_OR_ASK),
    "engine_unavailable": (
        ("制作视频的服务暂时不在。", "What makes the videos does not answer."),
        ("它正在恢复。请等一会儿再试。", "It is recovering. Try again in a moment."),
    ),
    "request_invalid": (("视频没有做成。", "The video could not be made."), TRY_OR_ASK),
    "job_not_found": (
        ("这段视频已经不在了。", "This video is no longer there."),
        ("请重新制作一次。", "Please make it once more."),
    ),
    "video_not_ready": (("视频还没有做好。", "The video is not finished yet."), LATER),
    "queue_full": (("等候的人太多了。", "Too many others are waiting."), LATER),
    "storage_full": (("存储空间不够做新的视频。", "There is no space for another video."), ASK_STAFF),
    "upload_too_large": (
        ("照片或录音太大了。", "The photo or the recording is too large."),
        ("请换小一点的照片或短一点的录音。", "Use a smaller photo or a shorter recording."),
    ),
    "consent_missing": (
        ("还没有得到本人同意。", "The person shown has not agreed yet."),
        ("请先同意，再开始。", "Please agree first, then begin."),
    ),
    "idempotency_conflict": (("视频没有做成。", "The video could not be made."), TRY_OR_ASK),
    "unauthorised": (("没有使用权限。", "This needs a permission."), ASK_STAFF),
    "too_many_requests": (("请求太多了。", "There were too many requests."), LATER),
    "link_unavailable": (
        ("现在不能传到手机。", "It cannot be sent to a phone now."),
        ("请存到U盘。", "Save it to a USB stick instead."),
    ),
    "worker_crashed": (
        ("用这些材料没能做成视频。", "No video could be made of these."),
        ("请换一张照片或一段录音。", "Try another photo or recording."),
    ),
    "audit_broken": (("运行记录不完整。", "The audit trail is not whole."), ASK_STAFF),
    "install_failed": (("安装没有成功。", "The installation failed."), ASK_STAFF),
}

TEXTS: Dict[str, Pair] = {
    **{f"error.{code}": what for code, (what, _) in _FAILURES.items()},
    **{f"error.{code}.action": action for code, (_, action) in _FAILURES.items()},
}
