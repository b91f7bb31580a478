"""The classroom."""

from __future__ import annotations

TEXTS = {
    "classroom.title": ("新的讲课视频", "A new lecture"),
    "classroom.portrait": ("1 · 选人像", "1 · Portrait"),
    "classroom.portrait_pick": ("从图库选择", "Choose a portrait"),
    "classroom.portrait_camera": ("用相机拍", "Take a photo"),
    "classroom.lecture": ("2 · 选讲课录音", "2 · Lecture"),
    "classroom.lecture_pick": ("选择录音", "Choose a recording"),
    "classroom.lecture_record": ("现在录音", "Record it now"),
    "classroom.drop": (
        "也可以把照片和录音文件拖到这里（MP3、M4A、WAV）。",
        "Or drag a photo and a recording here (MP3, M4A, WAV).",
    ),
    "classroom.recent": ("已做好的视频", "Lectures made before"),
    "classroom.recent.none": ("还没有视频。", "There are none yet."),
    "classroom.left_at": ("上次看到 {time}", "Left at {time}"),
    "classroom.from_start": ("从头播放", "From the start"),
    "classroom.video": ("讲课视频", "The lecture"),
    "classroom.timeline": ("播放进度", "Course of the lecture"),
    "classroom.chapters": ("章节", "Chapters"),
    "classroom.chapter": ("第 {number} 章", "Chapter {number}"),
    "classroom.ready_until": ("已完成到 {time}，其余正在制作", "Ready until {time}; the rest is being made"),
    "classroom.waiting": ("正在等待后面的内容…", "Waiting for what comes next…"),
    "classroom.pause": ("暂停", "Pause"),
    "classroom.resume": ("继续播放", "Play"),
    "classroom.again": ("再看一遍", "Play again"),
    "classroom.earlier": ("后退 10 秒", "Back 10 s"),
    "classroom.later": ("前进 10 秒", "Forward 10 s"),
    "classroom.done": ("完成", "Done"),
    "classroom.pip": ("小窗口", "Small window"),
    "classroom.pip_open": ("小窗口播放，可以在黑板上书写", "Small window: leave the board free"),
    "classroom.pip_size": ("改变大小", "Change size"),
    "classroom.pip_corner": ("换一个角落", "Another corner"),
    "classroom.pip_back": ("回到全部画面", "Back to the whole lecture"),
    "notice.play_failed": ("视频无法播放。", "The video cannot be played."),
}
