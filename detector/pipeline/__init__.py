"""What runs in which thread: readers, analysis, dispatch, and how they are doing."""
