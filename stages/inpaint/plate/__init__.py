"""A cheap fill for live streams: what was last seen behind everything, as long as the camera stands still."""
