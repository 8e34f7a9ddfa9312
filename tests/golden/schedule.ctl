run           back up now, as a new run
pause         make no more backups by the schedule until `resume`
resume        go on with the schedule
retry         try again what failed or expired in the latest run; put back what others changed
delete <run>  delete a run's backups and their data, on every cluster
