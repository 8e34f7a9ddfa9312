run           back up now, as a new run
retry         try again what failed or expired in the latest run; put back what others changed
delete <run>  delete a run's backups and their data, on every cluster
start         start a draft: an empty file, or one whose writer was interrupted
