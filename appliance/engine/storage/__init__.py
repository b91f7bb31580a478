"""What the engine keeps on the disk: the record of the jobs, their folders, the room there is, the audit trail."""
