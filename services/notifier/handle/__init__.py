"""The notifier's shell: consume, send from memory, record, poll what was left, call back."""
