"""The programs pdekit is compared with: one file each, run by its own interpreter."""
