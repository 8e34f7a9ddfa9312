delete <run>  delete a run's backups and their data, on every cluster
