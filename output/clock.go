package output

import "cleartap/capture"

// appendTime appends a point in time as RFC 3339 in UTC with microseconds,
// rounded down. All that fits into Nanos lies between the years 1677 and 2262.
func appendTime(dst []byte, t capture.Nanos) []byte {
	seconds, micros := split(t)
	return appendFraction(appendSecond(dst, seconds), micros)
}

// split gives the seconds of a point in time, and the microseconds beyond, rounded down.
func split(t capture.Nanos) (seconds int64, micros int) {
	all := floorDiv(int64(t), 1000)
	seconds = floorDiv(all, 1e6)
	return seconds, int(all - seconds*1e6)
}

// appendSecond appends the part of a time that all times of its second share.
func appendSecond(dst []byte, seconds int64) []byte {
	days := floorDiv(seconds, 86400)
	year, month, day := civil(days)
	second := int(seconds - days*86400)
	dst = pair(pair(dst, year/100), year%100)
	dst = pair(append(dst, '-'), month)
	dst = pair(append(dst, '-'), day)
	dst = pair(append(dst, 'T'), second/3600)
	dst = pair(append(dst, ':'), second/60%60)
	return append(pair(append(dst, ':'), second%60), '.')
}

// appendFraction appends the rest of it.
func appendFraction(dst []byte, micros int) []byte {
	return append(pair(pair(pair(dst, micros/10000), micros/100%100), micros%100), 'Z')
}

// pair appends v, which is less than 100, in two digits.
func pair(dst []byte, v int) []byte { return append(dst, '0'+byte(v/10), '0'+byte(v%10)) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// civil gives the Gregorian date of a day, counted from 1970-01-01. Years begin
// in March inside it, so that the leap day is the last one.
func civil(days int64) (year, month, day int) {
	const era = 146097 // days of 400 years
	days += 719468     // from 0000-03-01
	n := floorDiv(days, era)
	d := int(days - n*era)
	y := (d - d/1460 + d/36524 - d/146096) / 365
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153
	day = d - (153*m+2)/5 + 1
	year = y + int(n)*400
	if month = m + 3; month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}
