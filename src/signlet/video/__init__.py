"""Videos and cameras in, landmarks out. Needs the extra `video`; nothing is imported here."""
