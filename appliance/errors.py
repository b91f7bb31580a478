"""Every way the appliance can refuse or fail, as one tree.

Each error carries

* ``code``    stable machine-readable name, also used by ``--json`` and the engine's API,
* ``message`` what happened, in the visitor's words,
* ``action``  what the visitor can do about it,
* ``detail``  what the log needs; never shown to the visitor, never personal data,
* ``exit_code`` of the command line (see ``appliance make --help``).

Exit codes: 2 wrong usage, 3 photo, 4 speech, 5 models or run time, 6 output or disk, 7 the engine, 8 a device such as
the microphone, 1 anything else.
"""

from __future__ import annotations

from typing import Optional


class SonicError(Exception):
    """Base of the tree; ``str(error)`` is the message followed by the action."""

    code = "internal"
    message = "Something went wrong inside the appliance."
    action = "Try again; if it happens twice, run `appliance doctor` and report what it prints."
    exit_code = 1

    def __init__(self, detail: str = "", *, message: Optional[str] = None, action: Optional[str] = None) -> None:
        self.detail = detail
        if message is not None:
            self.message = message
        if action is not None:
            self.action = action
        super().__init__(f"{self.message} {self.action}".strip())


class UsageError(SonicError):
    code = "usage"
    message = "That option cannot be used like this."
    action = "See `appliance make --help`."
    exit_code = 2


# --- photo ------------------------------------------------------------------------------------------------------------


class PhotoError(SonicError):
    code = "photo"
    message = "This photo cannot be used."
    action = "Choose another photo: one face, looking at the camera, well lit."
    exit_code = 3


class PhotoNotFound(PhotoError):
    code = "photo_not_found"
    message = "The photo file does not exist or cannot be read."
    action = "Check the path and the permissions."


class PhotoUnreadable(PhotoError):
    code = "photo_unreadable"
    message = "This file is not a picture that can be read; it may be damaged or of another type."
    action = "Use a JPEG, PNG, WebP or BMP file."


class PhotoTooLarge(PhotoError):
    code = "photo_too_large"
    message = "This picture has more pixels than the appliance accepts."
    action = "Use a picture of at most 100 megapixels."


class FaceNotFound(PhotoError):
    code = "face_not_found"
    message = "No face was found in the photo."
    action = "Use a photo in which one face looks at the camera, not covered and well lit."


class FaceTooSmall(PhotoError):
    code = "face_too_small"
    message = "The face in the photo is too small."
    action = "Use a photo in which the face is at least 80 pixels wide."


class FaceProfile(PhotoError):
    code = "face_profile"
    message = "The face is turned too far to the side."
    action = "Use a photo in which the person looks towards the camera (turned by less than 35 degrees)."


class FaceCutOff(PhotoError):
    code = "face_cut_off"
    message = "Part of the face lies outside the photo."
    action = "Use a photo that shows the whole face, forehead to chin."


class FaceChoiceInvalid(PhotoError):
    code = "face_choice_invalid"
    message = "There is no face with that number in the photo."
    action = "Faces are numbered from the left, starting at 1."


# --- speech -----------------------------------------------------------------------------------------------------------


class SpeechError(SonicError):
    code = "speech"
    message = "This recording cannot be used."
    action = "Record again, close to the microphone, in a quiet place."
    exit_code = 4


class SpeechNotFound(SpeechError):
    code = "speech_not_found"
    message = "The recording does not exist or cannot be read."
    action = "Check the path and the permissions."


class SpeechUnreadable(SpeechError):
    code = "speech_unreadable"
    message = "This file is not a recording that can be read; it may be of another type."
    action = "Use WAV, FLAC, MP3, M4A, OGG, Opus or an MP4 with sound."


class SpeechCorrupt(SpeechError):
    code = "speech_corrupt"
    message = "The recording is damaged: it stops or breaks in the middle."
    action = "Copy or record it again."


class SpeechTooShort(SpeechError):
    code = "speech_too_short"
    message = "The recording is shorter than half a second."
    action = "Record at least one word."


class SpeechSilent(SpeechError):
    code = "speech_silent"
    message = "No speech can be heard in the recording."
    action = "Check the microphone and record again, a little louder."


class SpeechClipped(SpeechError):
    code = "speech_clipped"
    message = "The recording is overdriven: too much of it is cut off at full scale."
    action = "Lower the microphone level or step back, and record again."


class SpeechTooLong(SpeechError):
    code = "speech_too_long"
    message = "The recording is longer than this appliance accepts."
    action = "Cut it into parts."


class DurationMismatch(SpeechError):
    code = "duration_mismatch"
    message = "The duration asked for is not the duration of the recording."
    action = "Leave `--duration` out: the video always lasts as long as the speech."
    exit_code = 2


# --- models and run times ---------------------------------------------------------------------------------------------


class RuntimeUnavailable(SonicError):
    code = "runtime_unavailable"
    message = "The run time asked for is not available on this machine."
    action = "Run `appliance doctor` to see which are, or use `--runtime auto`."
    exit_code = 5


class ModelMissing(SonicError):
    code = "model_missing"
    message = "A model file is missing."
    action = "Run `appliance models fetch`, or copy the models folder from another machine."
    exit_code = 5


class ModelCorrupt(SonicError):
    code = "model_corrupt"
    message = "A model file is damaged or not the one expected."
    action = "Run `appliance models fetch` to replace it."
    exit_code = 5


class ModelMismatch(ModelCorrupt):
    code = "model_mismatch"
    message = "The networks are whole, but made for another program."
    action = "Program and networks are of different versions: install both from one package."


class NpuError(SonicError):
    code = "npu"
    message = "The NPU does not work."
    action = "Try again; if it stays so, switch the machine off and on and run `appliance doctor`."
    exit_code = 5


class ModelInputInvalid(SonicError):
    code = "model_input_invalid"
    message = "A network was given data of the wrong name, shape or type."
    action = "This is a fault of the program: please report it with the detail in the log."
    exit_code = 5


# --- output -----------------------------------------------------------------------------------------------------------


class OutputError(SonicError):
    code = "output"
    message = "The video could not be written."
    action = "Check the folder, its permissions and the free space."
    exit_code = 6


class DiskFull(OutputError):
    code = "disk_full"
    message = "There is not enough space for the video."
    action = "Free some space and try again."


class EncoderMissing(OutputError):
    code = "encoder_missing"
    message = "ffmpeg was not found."
    action = "Install ffmpeg, or `pip install imageio-ffmpeg`."


class EncoderFailed(OutputError):
    code = "encoder_failed"
    message = "ffmpeg stopped before the video was complete."
    action = "Check the free space; the log holds what ffmpeg said."


class VideoUnplayable(OutputError):
    code = "video_unplayable"
    message = "This video cannot be played: it is damaged or not whole."
    action = "Make it again."


# --- devices ----------------------------------------------------------------------------------------------------------


class DeviceError(SonicError):
    code = "device"
    message = "A device of this appliance does not work."
    action = "Check its cable, then try again."
    exit_code = 8


class MicrophoneError(DeviceError):
    code = "microphone"
    message = "The microphone does not work."
    action = "Check the microphone's cable, then try again."


class MicrophoneMissing(MicrophoneError):
    code = "microphone_missing"
    message = "No microphone was found."
    action = "Plug one in, or choose another in the settings."


class MicrophoneBusy(MicrophoneError):
    code = "microphone_busy"
    message = "Another program is using the microphone."
    action = "End that program, then try again."


class MicrophoneLost(MicrophoneError):
    code = "microphone_lost"
    message = "The microphone stopped in the middle of the recording."
    action = "Plug it in again; what was recorded up to then is kept."


class SpeakerError(DeviceError):
    code = "speaker"
    message = "No sound can be played."
    action = "Check the loudspeaker; pictures are shown without sound until then."


class CameraError(DeviceError):
    code = "camera"
    message = "The camera does not work."
    action = "Check the camera's cable, then try again."


class CameraMissing(CameraError):
    code = "camera_missing"
    message = "No camera was found."
    action = "Plug one in, or choose another in the settings."


class CameraBusy(CameraError):
    code = "camera_busy"
    message = "Another program is using the camera."
    action = "End that program, then try again."


class CameraLost(CameraError):
    code = "camera_lost"
    message = "The camera stopped giving pictures."
    action = "Plug it in again; the appliance goes on by itself."


class PinsUnavailable(DeviceError):
    code = "pins_unavailable"
    message = "The pins for buttons and lamps cannot be used."
    action = "Check the [buttons] settings and that this user is in the groups gpio and i2c."


class StickMissing(OutputError):
    code = "stick_missing"
    message = "There is no USB stick to write to."
    action = "Plug one in and try again."


class StickReadOnly(OutputError):
    code = "stick_read_only"
    message = "Nothing can be written to this USB stick."
    action = "Use another stick, or move its lock switch."


# --- staff ------------------------------------------------------------------------------------------------------------


class PinError(UsageError):
    code = "pin"
    message = "This PIN cannot be used."
    action = "Choose four to eight digits that are neither a row nor all the same."


class PinWrong(PinError):
    code = "pin_wrong"
    message = "This is not the PIN."
    action = "Try again."


class PinLocked(PinError):
    code = "pin_locked"
    message = "Too many wrong PINs were entered."
    action = "Wait a while and try again."


# --- settings and engine ----------------------------------------------------------------------------------------------


class SettingsInvalid(UsageError):
    code = "settings_invalid"
    message = "The settings file cannot be used."
    action = "Correct the line named, or remove it to use the default."


class EngineError(SonicError):
    code = "engine"
    message = "The engine could not do that."
    exit_code = 7


class EngineUnavailable(EngineError):
    code = "engine_unavailable"
    message = "The engine does not answer."
    action = "Start it with `appliance serve`, or look at `systemctl status sonic-engine`."


class RequestInvalid(EngineError):
    code = "request_invalid"
    message = "The engine cannot understand this request."
    action = "See /openapi.json for what it takes."


class JobNotFound(EngineError):
    code = "job_not_found"
    message = "There is no such job; it may have been deleted."
    action = "List the jobs to see which there are."


class VideoNotReady(EngineError):
    code = "video_not_ready"
    message = "The video of this job is not finished."
    action = "Wait for it, or watch its stream while it is made."


class QueueFull(EngineError):
    code = "queue_full"
    message = "Too many jobs are waiting."
    action = "Try again when some of them are done."


class StorageFull(EngineError):
    code = "storage_full"
    message = "There is not enough free space for another video."
    action = "Delete finished jobs, or wait until old ones are removed."


class UploadTooLarge(EngineError):
    code = "upload_too_large"
    message = "The file is larger than this appliance accepts."
    action = "Use a smaller photo or a shorter recording."


class ConsentMissing(EngineError):
    code = "consent_missing"
    message = "The person shown has not agreed to the use of face and voice."
    action = "Ask for consent first."


class IdempotencyConflict(EngineError):
    code = "idempotency_conflict"
    message = "This idempotency key belongs to a job with other contents."
    action = "Use a new key for a new job."


class Unauthorised(EngineError):
    code = "unauthorised"
    message = "This needs a valid access token."
    action = "Ask whoever runs this appliance for one."


class TooManyRequests(EngineError):
    code = "too_many_requests"
    message = "Too many requests from here."
    action = "Wait a little and try again."


class LinkUnavailable(EngineError):
    code = "link_unavailable"
    message = "This appliance cannot be reached from other devices."
    action = "Save the video to a USB stick, or open the network in the [listen] settings."


class WorkerCrashed(EngineError):
    code = "worker_crashed"
    message = "Making this video made the program crash twice, so the job was set aside."
    action = "Try another photo or recording; the log says where it happened."


class AuditBroken(EngineError):
    code = "audit_broken"
    message = "The audit trail was changed or cut off."
    action = "Keep a copy of the file and find out who could write to it; then start a new one."


class InstallFailed(SonicError):
    code = "install_failed"
    message = "The appliance could not be installed."
    action = "Nothing was changed; see the detail with --verbose."
    exit_code = 7
