"""The PIN pad and the staff's pages."""

from __future__ import annotations

TEXTS = {
    "staff.title": ("工作人员", "Staff"),
    "staff.leave": ("退出", "Leave"),
    #
    "pin.enter": ("请输入工作人员密码", "Enter the staff PIN"),
    "pin.first": ("首次使用：请设置工作人员密码", "First start: set a staff PIN"),
    "pin.new": ("请输入新密码", "Enter the new PIN"),
    "pin.old": ("请输入现在的密码", "Enter the present PIN"),
    "pin.repeat": ("请再输入一次", "Enter it once more"),
    "pin.rules": (
        "4 至 8 位数字，不能全相同，也不能是连续数字。",
        "Four to eight digits, neither a row nor all the same.",
    ),
    "pin.weak": ("这个密码太容易被猜到，请换一个。", "This PIN would be guessed too easily. Choose another."),
    "pin.differs": ("两次输入不一致，请重新设置。", "The two were not the same. Begin again."),
    "pin.wrong": ("密码错误，请重试。", "This is not the PIN. Try again."),
    "pin.locked": (
        "错误次数过多，请等待 {minutes}:{seconds}。",
        "Too many wrong PINs. Please wait {minutes}:{seconds}.",
    ),
    "pin.damaged": (
        "密码文件已损坏，无法进入。请在本机运行：appliance kiosk --reset-pin",
        "The PIN file is damaged, so nobody can come in. On this machine, run: appliance kiosk --reset-pin",
    ),
    "pin.unkept": (
        "密码无法保存，请检查磁盘空间。",
        "The PIN cannot be kept. Check the free disk space.",
    ),
    "pin.checking": ("请稍候……", "One moment …"),
    "pin.changed": ("密码已更改。", "The PIN was changed."),
    "pin.digits": ("已输入 {count} 位", "Digits entered: {count}"),
    "pin.erase": ("删除一位", "Erase one digit"),
    "pin.confirm": ("确定", "OK"),
    "pin.digit": ("{digit}", "{digit}"),
    "pin.locked_out": ("错误次数过多，请稍后再试。", "Too many wrong PINs. Try again later."),
    #
    "staff.status": ("状态", "Status"),
    "staff.storage": ("存储", "Storage"),
    "staff.troubles": ("故障记录", "Troubles"),
    "staff.about": ("关于", "About"),
    "staff.none": ("—", "—"),
    #
    "staff.engine": ("引擎", "Engine"),
    "staff.worker": ("工作进程", "Worker"),
    "staff.message": ("消息", "Message"),
    "staff.waiting": ("排队中", "In the queue"),
    "staff.kept": ("保存的任务", "Kept jobs"),
    "staff.disk": ("磁盘空间", "Disk"),
    "staff.temperature": ("温度", "Temperature"),
    "staff.engine_away": ("没有响应", "Does not answer"),
    "staff.all_well": ("一切正常", "All is well"),
    "staff.free": ("剩余 {size} GB", "{size} GB free"),
    "staff.status.ok": ("正常", "Well"),
    "staff.status.starting": ("正在启动", "Starting"),
    "staff.status.degraded": ("需要处理", "Needs help"),
    "staff.status.stopping": ("正在停止", "Stopping"),
    "staff.worker.starting": ("正在启动", "Starting"),
    "staff.worker.ready": ("空闲", "Ready"),
    "staff.worker.busy": ("制作中", "Busy"),
    "staff.worker.down": ("已停止", "Down"),
    "staff.is_open": ("对访客开放。", "Open to visitors."),
    "staff.is_closed": ("暂停服务中。", "Out of service."),
    "staff.close": ("暂停服务", "Take out of service"),
    "staff.open": ("恢复服务", "Open again"),
    "staff.restart": ("重新启动", "Restart"),
    "staff.restart_sure": ("确定重新启动？", "Restart now?"),
    #
    "staff.camera": ("摄像头", "Camera"),
    "staff.microphone": ("麦克风", "Microphone"),
    "staff.sound": ("声音", "Sound"),
    "staff.works": ("没有发现问题。", "No trouble is known."),
    "staff.not_tried": ("尚未使用。", "Not used yet."),
    "staff.try": ("测试", "Try it"),
    "staff.try_stop": ("停止测试", "Stop"),
    "staff.as_set": ("按设置自动选择", "As in the settings"),
    "staff.choice_kept": (
        "选择已保存，退出工作人员页面后会重新启动并生效。",
        "The choice is kept. It counts after a restart, which follows when you leave.",
    ),
    "staff.volume": ("音量", "Volume"),
    "staff.softer": ("减小音量", "Softer"),
    "staff.louder": ("增大音量", "Louder"),
    "staff.looking": ("请稍候……", "One moment …"),
    "staff.no_mixer": ("本机无法在这里调节音量。", "The volume cannot be changed here on this machine."),
    #
    "staff.everything": ("照片、录音和视频", "Photos, recordings and videos"),
    "staff.wipe_explained": (
        "删除引擎中的所有任务及其照片、录音和视频，无法恢复。",
        "Deletes every job of the engine with its photo, recording and video. There is no way back.",
    ),
    "staff.wipe": ("全部删除", "Delete everything"),
    "staff.wipe_sure": ("确定全部删除？", "Really delete everything?"),
    "staff.wiping": ("正在删除……", "Deleting …"),
    "staff.wiped": ("已删除 {count} 个任务。", "Jobs deleted: {count}."),
    "staff.logs": ("日志", "Logs"),
    "staff.export_explained": (
        "把本机服务的日志和诊断报告存到 U 盘，供技术人员查看。其中没有访客的资料。",
        "Saves the logs of the services and the doctor's report to a USB stick, for a technician. "
        "Nothing of visitors is in them.",
    ),
    "staff.export": ("保存到 U 盘", "Save to USB stick"),
    "staff.exporting": ("正在收集，可能需要几分钟……", "Being gathered; this may take some minutes …"),
    "staff.exported": ("已保存：{name}", "Saved: {name}"),
    #
    "staff.no_troubles": ("启动以来没有故障。", "No troubles since the start."),
    "staff.times": ("共 {count} 次", "{count} times"),
    #
    "staff.version": ("Sonic 一体机 {version}", "Sonic appliance {version}"),
    "staff.licences": (
        "本软件采用 Apache-2.0 许可证。界面使用 PyQt5（GPL-3）和 Qt（LGPL-3），整体分发时遵循 GPL-3。"
        "ffmpeg 是独立的程序。许可证全文随软件提供。",
        "This program is under the Apache licence 2.0. The screen uses PyQt5 (GPL-3) and Qt (LGPL-3); "
        "distributed together they follow the GPL-3. ffmpeg is a program of its own. "
        "The full texts come with the software.",
    ),
    "staff.pin": ("工作人员密码", "Staff PIN"),
    "staff.change_pin": ("更改密码", "Change the PIN"),
    "staff.change_pin_not": ("取消更改", "Keep the PIN"),
}
