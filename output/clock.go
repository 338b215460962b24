package output

import "cleartap/capture"

// appendTime appends a point in time as RFC 3339 in UTC with microseconds,
// rounded down. All that fits into Nanos lies between the years 1677 and 2262.
func appendTime(dst []byte, t capture.Nanos) []byte {
	micros := floorDiv(int64(t), 1000)
	seconds := floorDiv(micros, 1e6)
	days := floorDiv(seconds, 86400)
	year, month, day := civil(days)
	second := int(seconds - days*86400)
	dst = digits(dst, year, 4)
	dst = digits(append(dst, '-'), month, 2)
	dst = digits(append(dst, '-'), day, 2)
	dst = digits(append(dst, 'T'), second/3600, 2)
	dst = digits(append(dst, ':'), second/60%60, 2)
	dst = digits(append(dst, ':'), second%60, 2)
	dst = digits(append(dst, '.'), int(micros-seconds*1e6), 6)
	return append(dst, 'Z')
}

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

// digits appends v, which is not negative, in n digits.
func digits(dst []byte, v, n int) []byte {
	var buf [6]byte
	for i := n - 1; i >= 0; i-- {
		buf[i] = '0' + byte(v%10)
		v /= 10
	}
	return append(dst, buf[:n]...)
}
