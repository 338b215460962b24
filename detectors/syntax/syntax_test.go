package syntax

import "testing"

func TestWord(t *testing.T) {
	for _, c := range []struct{ in, word, rest string }{
		{"", "", ""}, {"  ", "", ""}, {"NOOP", "NOOP", ""}, {" \tNOOP ", "NOOP", ""},
		{"AUTH  PLAIN\tx y ", "AUTH", "PLAIN\tx y "},
	} {
		word, rest := Word([]byte(c.in))
		if string(word) != c.word || string(rest) != c.rest {
			t.Errorf("Word(%q) = %q, %q", c.in, word, rest)
		}
	}
	if string(TrimRight([]byte("a b \t "))) != "a b" {
		t.Error("TrimRight")
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]bool{"auth": true, "AuTh": true, "AUT": false, "AUTHX": false, "\x41UTI": false} {
		if Fold([]byte(in), "AUTH") != want {
			t.Errorf("Fold(%q) is not %v", in, want)
		}
	}
	if !HasPrefix([]byte("starttls now"), "STARTTLS") || !Contains([]byte("no StartTls now"), "STARTTLS") || Contains([]byte("starttl"), "STARTTLS") {
		t.Error("HasPrefix or Contains")
	}
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]uint64{
		"0": 0, "007": 7, "9223372036854775807": Most, "9223372036854775799": Most - 8, "9223372036854775806": Most - 1,
		"9223372036854775808": Most, "99999999999999999999999999": Most,
	} {
		n, ok := Number([]byte(in))
		if !ok || n != want {
			t.Errorf("Number(%q) = %d, %v", in, n, ok)
		}
	}
	for _, in := range []string{"", "-1", "1 ", "0x1", "+1"} {
		if _, ok := Number([]byte(in)); ok {
			t.Errorf("Number(%q) is a number", in)
		}
	}
}

func TestCode(t *testing.T) {
	for _, c := range []struct {
		in       string
		code     int
		more, ok bool
		rest     string
	}{
		{"250", 250, false, true, ""}, {"250 ok", 250, false, true, "ok"}, {"250-ok", 250, true, true, "ok"},
		{"250-", 250, true, true, ""}, {"25", 0, false, false, ""}, {"2500", 0, false, false, ""}, {"+OK", 0, false, false, ""},
	} {
		code, more, rest, ok := Code([]byte(c.in))
		if ok != c.ok || ok && (code != c.code || more != c.more || string(rest) != c.rest) {
			t.Errorf("Code(%q) = %d %v %q %v", c.in, code, more, rest, ok)
		}
	}
}

func TestAnnounced(t *testing.T) {
	for _, c := range []struct {
		in, head string
		l        Literal
		ok       bool
	}{
		{"a LOGIN {4}", "a LOGIN ", Literal{4, true}, true},
		{"{4+}", "", Literal{4, false}, true},
		{" ~{12+}", " ", Literal{12, false}, true},
		{"x ({7-}", "x (", Literal{7, false}, true},
		{"x {99999999999999999999}", "x ", Literal{Most, true}, true},
		{"x pw{5}", "", Literal{}, false},
		{"x {}", "", Literal{}, false},
		{"x {+}", "", Literal{}, false},
		{"x {5} ", "", Literal{}, false},
		{"}", "", Literal{}, false},
		{"x {000000000000000000000000000000000005}", "", Literal{}, false},
	} {
		head, l, ok := Announced([]byte(c.in))
		if ok != c.ok || ok && (string(head) != c.head || l != c.l) {
			t.Errorf("Announced(%q) = %q, %v, %v", c.in, head, l, ok)
		}
	}
}

func TestFirstLine(t *testing.T) {
	for _, c := range []struct {
		in, line string
		whole    bool
	}{{"", "", false}, {"ab", "ab", false}, {"ab\r", "ab", false}, {"ab\r\ncd", "ab", true}, {"ab\ncd", "ab", true}, {"\r\n", "", false}, {"\r\n\nab\r\n", "ab", true}} {
		line, whole := FirstLine([]byte(c.in))
		if string(line) != c.line || whole != c.whole {
			t.Errorf("FirstLine(%q) = %q, %v", c.in, line, whole)
		}
	}
}
