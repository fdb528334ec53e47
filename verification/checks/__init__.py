"""What is checked: functions of a budget that yield findings."""
