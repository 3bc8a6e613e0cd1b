"""What is pointed at, shown, chosen and accepted: no Qt, no napari."""
