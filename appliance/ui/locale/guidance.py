"""What the viewfinder says: the keys of `appliance.capture.camera.guidance`."""

from __future__ import annotations

TEXTS = {
    "guidance.no_face": ("请站到镜头前", "Please stand in front of the camera"),
    "guidance.one_person": ("请只留一个人在画面里", "One person at a time, please"),
    "guidance.closer": ("请靠近一点", "Please come a little closer"),
    "guidance.farther": ("请退后一点", "Please step back a little"),
    "guidance.centre": ("请站到画面中间", "Please move to the middle"),
    "guidance.look_straight": ("请正视镜头", "Please look straight at the camera"),
    "guidance.more_light": ("光线太暗，请面向亮处", "It is too dark here: please face the light"),
    "guidance.too_bright": ("光线太强，请避开强光", "It is too bright here: please turn away from the light"),
    "guidance.hold_still": ("请保持不动", "Please hold still"),
    "guidance.ready": ("很好，可以拍照了", "Very good: ready for the photo"),
}
