run           back up now, as a new run
retry         try again on the clusters of the latest run that failed or expired
start         start a draft: an empty file, or one whose writer was interrupted
