// SPDX-License-Identifier: Apache-2.0

module fleetfs.dev/e2e/cron

go 1.25.0

require github.com/robfig/cron/v3 v3.0.1
