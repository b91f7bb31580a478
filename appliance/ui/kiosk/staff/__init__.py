"""Behind the hidden door: the PIN pad and what the staff can see and do."""
