"""Who came on which day, read across scans, voids and decisions for boards and exports; it owns no table."""
