retry         try again what failed or expired
delete        remove the record and Velero's Restore objects; the backup and what was restored stay
