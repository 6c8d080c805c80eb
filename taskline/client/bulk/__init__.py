"""Many tasks: cut into batches, sent side by side, with the order of each ordering key kept."""
