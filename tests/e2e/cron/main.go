// SPDX-License-Identifier: Apache-2.0

// What Velero's cron library makes of expressions, for cron.bats.
//
//	cron generate SEED N    N lines "<seconds> TAB <expression>", many of them valid
//	cron answer             for each such line on standard input "refused", or the next three times
//	                        as seconds, 0 for none
//
// The container that Velero runs in has UTC for its local time.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

const times = 3

var zones = []string{
	"UTC", "Local", "", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York",
	"America/Sao_Paulo", "America/Santiago", "America/Havana", "America/St_Johns", "America/Asuncion",
	"Africa/Cairo", "Africa/Casablanca", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut", "Asia/Tehran",
	"Asia/Gaza", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Chatham", "Pacific/Kiritimati",
	"Antarctica/Troll", "Etc/GMT+12", "EST5EDT", "CET",
}

var badZones = []string{"Europe/Nowhere", "../Berlin", "/etc/passwd", "Europe", "europe/ber lin", "-"}

// What people have written: other crons' dialects, slips of the finger.
var slips = []string{
	"", "@reboot", "@Daily", "@every", "@every 5", "@every  5m", "@every 1d", "@daily ", " @daily",
	"0 0 * * 7", "0 0 L * *", "0 0 15W * *", "0 0 * * 5#3", "0 0 0 * * *", "0 0 * *", "*/0 * * * *",
	"60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * 0 *", "0 22-2 * * *",
	"5--5 * * * *", "*//2 * * * *", "1/2/3 * * * *", "-1 * * * *", "*/-1 * * * *", "x * * * *",
	"99999999999999999999 * * * *", "1.5 * * * *", "* * * jan-x *", "* * * * mon-sun", "TZ=UTC ",
	"TZ=UTC @daily x", "0 0 1\u00a0* *", "0\t0\t*\t*\t*", "+5 +0 * * *", "-0 0 * * *", "*-9 0 * * *",
}

type generator struct{ *rand.Rand }

func (g generator) pick(list []string) string { return list[g.Intn(len(list))] }

func (g generator) value(min, max int, names []string) string {
	v := min + g.Intn(max-min+1)
	switch {
	case names != nil && g.Intn(3) == 0:
		name := names[v-min]
		return []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]}[g.Intn(3)]
	case g.Intn(200) == 0:
		return strconv.Itoa(max + 1 + g.Intn(3))
	case g.Intn(20) == 0:
		return fmt.Sprintf("%02d", v)
	}
	return strconv.Itoa(v)
}

func (g generator) item(min, max int, names []string) string {
	var s string
	switch g.Intn(6) {
	case 0:
		s = "*"
	case 1:
		s = "?"
	case 2, 3:
		s = g.value(min, max, names)
	default:
		a, b := min+g.Intn(max-min+1), min+g.Intn(max-min+1)
		if a > b && g.Intn(20) != 0 {
			a, b = b, a
		}
		s = fmt.Sprintf("%d-%d", a, b)
	}
	if g.Intn(3) == 0 {
		s += "/" + strconv.Itoa(g.Intn(max+2))
	}
	return s
}

func (g generator) field(min, max int, names []string) string {
	if g.Intn(3) == 0 {
		return "*"
	}
	s := g.item(min, max, names)
	for g.Intn(4) == 0 {
		s += "," + g.item(min, max, names)
	}
	return s
}

func (g generator) fields() string {
	months := []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	weekdays := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	return strings.Join([]string{g.field(0, 59, nil), g.field(0, 23, nil), g.field(1, 31, nil),
		g.field(1, 12, months), g.field(0, 6, weekdays)}, g.pick([]string{" ", " ", " ", "  ", "\t"}))
}

// A valid expression with one byte changed, taken away or put in.
func (g generator) spoil(s string) string {
	const bytes = "0123456789*/,-?@ LW#=TZm"
	i := g.Intn(len(s))
	c := string(bytes[g.Intn(len(bytes))])
	switch g.Intn(3) {
	case 0:
		return s[:i] + s[i+1:]
	case 1:
		return s[:i] + c + s[i:]
	}
	return s[:i] + c + s[i+1:]
}

func (g generator) expression() string {
	var s string
	switch g.Intn(20) {
	case 0:
		s = g.pick([]string{"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
	case 1:
		d := time.Duration(g.Int63n(int64(100 * time.Hour)))
		s = "@every " + []string{d.String(), d.Truncate(time.Minute).String(), "0", "-5m", "1.5s", ".5h"}[g.Intn(6)]
	case 2:
		return g.pick(slips)
	default:
		s = g.fields()
	}
	if g.Intn(8) == 0 {
		s = g.spoil(s)
	}
	switch {
	case g.Intn(50) == 0:
		s = "TZ=" + g.pick(badZones) + " " + s
	case g.Intn(2) == 0:
		s = g.pick([]string{"TZ=", "CRON_TZ="}) + g.pick(zones) + g.pick([]string{" ", " ", "  "}) + s
		s += g.pick([]string{"", "", "", " "})
	}
	return s
}

// From 2012 to 2062, past the changes that zone files list, and often within a day of a usual one.
func (g generator) time() int64 {
	t := time.Date(2012+g.Intn(50), time.Month(1+g.Intn(12)), 1+g.Intn(31), g.Intn(24), g.Intn(60), g.Intn(60), 0, time.UTC)
	if g.Intn(3) == 0 {
		month := []time.Month{time.March, time.April, time.September, time.October, time.November}[g.Intn(5)]
		t = time.Date(t.Year(), month, 1+7*g.Intn(5), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		t = t.AddDate(0, 0, (7-int(t.Weekday()))%7-g.Intn(2))
	}
	return t.Unix()
}

func generate(seed int64, n int) {
	g := generator{rand.New(rand.NewSource(seed))}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for i := 0; i < n; i++ {
		fmt.Fprintf(out, "%d\t%s\n", g.time(), g.expression())
	}
}

// The library panics on a zone with nothing behind it; Velero recovers, and refuses.
func parse(s string) (schedule cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return cron.ParseStandard(s)
}

func answer() error {
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		seconds, expression, _ := strings.Cut(in.Text(), "\t")
		unix, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return err
		}
		schedule, err := parse(expression)
		if err != nil {
			fmt.Fprintln(out, "refused")
			continue
		}
		t := time.Unix(unix, 0).UTC()
		for i := 0; i < times; i++ {
			if !t.IsZero() {
				t = schedule.Next(t)
			}
			if t.IsZero() {
				fmt.Fprint(out, "0")
			} else {
				fmt.Fprint(out, t.Unix())
			}
			fmt.Fprint(out, map[bool]string{true: "\n", false: " "}[i+1 == times])
		}
	}
	return in.Err()
}

func main() {
	time.Local = time.UTC
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "generate":
		var seed int64
		var n int
		if seed, err = strconv.ParseInt(os.Args[2], 10, 64); err == nil {
			if n, err = strconv.Atoi(os.Args[3]); err == nil {
				generate(seed, n)
			}
		}
	case len(os.Args) == 2 && os.Args[1] == "answer":
		err = answer()
	default:
		err = fmt.Errorf("usage: cron generate SEED N | cron answer")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cron:", err)
		os.Exit(1)
	}
}
