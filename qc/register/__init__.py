"""REGISTER: which reference page a scan shows, where its print lies, and the order of the pages of a copy."""
