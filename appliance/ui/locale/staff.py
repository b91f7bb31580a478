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
}
