"""The panel: which measures are on, where their state lies, and how the kernel calls them."""
