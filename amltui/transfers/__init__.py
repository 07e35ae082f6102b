"""Downloads and uploads that survive a cut line, a full disk and a killed process."""
