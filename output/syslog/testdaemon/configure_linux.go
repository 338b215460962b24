package testdaemon

import (
	"fmt"
	"path/filepath"
	"testing"
)

// Rsyslog makes a real rsyslogd. driver is its TLS library: gtls or ossl.
func Rsyslog(t testing.TB, root string, a *Authority, driver string) *Daemon {
	t.Helper()
	d := newDaemon(t)
	conf := fmt.Sprintf(`global(workDirectory="%[1]s" net.enableDNS="off" defaultNetstreamDriverCAFile="%[2]s/ca.pem"
  defaultNetstreamDriverCertFile="%[2]s/server.pem" defaultNetstreamDriverKeyFile="%[2]s/server.key")
module(load="imudp") module(load="imptcp") module(load="imuxsock" SysSock.Use="off") module(load="mmjsonparse") module(load="mmpstrucdata")
module(load="imtcp")
template(name="out" type="list" option.jsonf="on") {
  property(outname="Pri" name="pri" format="jsonf") property(outname="Host" name="hostname" format="jsonf") property(outname="App" name="app-name" format="jsonf")
  property(outname="MsgID" name="msgid" format="jsonf") property(outname="Msg" name="msg" format="jsonf") property(outname="Raw" name="rawmsg" format="jsonf")
  property(outname="All" name="$!all-json" format="jsonf") }
ruleset(name="all") {
  action(type="mmpstrucdata")
  action(type="mmjsonparse")
  action(type="omfile" file="%[1]s/out" template="out")
}
input(type="imudp" address="127.0.0.1" port="%[3]d" ruleset="all")
input(type="imptcp" address="127.0.0.1" port="%[4]d" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="%[5]d" ruleset="all" StreamDriver.Name="%[7]s" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" PermittedPeer=["sensor.example.org"])
input(type="imtcp" address="127.0.0.1" port="%[6]d" ruleset="all")
input(type="imuxsock" socket="%[1]s/dgram" ruleset="all" RateLimit.Interval="0" UseSysTimeStamp="off")
`, d.Dir, a.Dir, d.Ports["udp"], d.Ports["tcp"], d.Ports["mutual"], d.Ports["lf"], driver)
	modules, _ := filepath.Glob(root + "/usr/lib/*-linux-gnu/rsyslog")
	d.Write("conf", conf)
	d.args = Program(root, "/usr/sbin/rsyslogd", "-n", "-f", d.Dir+"/conf", "-i", d.Dir+"/pid", "-M", modules[0])
	d.Ready = []string{"tcp", "mutual", "lf"}
	return d
}

// SyslogNG makes a real syslog-ng.
func SyslogNG(t testing.TB, root string, a *Authority) *Daemon {
	t.Helper()
	d := newDaemon(t)
	conf := fmt.Sprintf(`@version: 3.35
options { keep-hostname(yes); use-dns(no); log-msg-size(65536); stats-freq(0); flush-lines(1); };
source all {
  network(ip("127.0.0.1") transport("udp") port(%[3]d) flags(syslog-protocol));
  syslog(ip("127.0.0.1") transport("tcp") port(%[4]d));
  syslog(ip("127.0.0.1") transport("tls") port(%[5]d) tls(key-file("%[2]s/server.key") cert-file("%[2]s/server.pem") ca-file("%[2]s/ca.pem") peer-verify(required-trusted)));
  network(ip("127.0.0.1") transport("tcp") port(%[6]d) flags(syslog-protocol));
  unix-dgram("%[1]s/dgram");
  unix-stream("%[1]s/stream");
};
destination out { file("%[1]s/out" template("$(format-json Pri=$PRI Host=$HOST App=$PROGRAM MsgID=$MSGID Msg=$MESSAGE --key .SDATA.*)\n")); };
log { source(all); destination(out); flags(flow-control); };
`, d.Dir, a.Dir, d.Ports["udp"], d.Ports["tcp"], d.Ports["mutual"], d.Ports["lf"])
	d.Write("conf", conf)
	modules, _ := filepath.Glob(root + "/usr/lib/syslog-ng/3*")
	d.args = Program(root, "/usr/sbin/syslog-ng", "-F", "--no-caps", "-f", d.Dir+"/conf", "-p", d.Dir+"/pid", "-R", d.Dir+"/persist", "-c", d.Dir+"/ctl", "--module-path", modules[0])
	d.Ready = []string{"tcp", "mutual", "lf"}
	return d
}
