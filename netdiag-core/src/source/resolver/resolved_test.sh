# Runs $RESOLVED on a bus at $FOLDER/bus, says "ready", and ends with its standard input.
mount --make-rprivate /
mount -t tmpfs none /run
children=
trap '[ -z "$children" ] || kill $children' EXIT
# Its package makes the user it drops its privileges to.
if ! getent passwd systemd-resolve >/dev/null; then
    { cat /etc/passwd; echo 'systemd-resolve:x:64997:64997::/:/bin/false'; } >"$FOLDER/passwd"
    { cat /etc/group; echo 'systemd-resolve:x:64997:'; } >"$FOLDER/group"
    mount --bind "$FOLDER/passwd" /etc/passwd
    mount --bind "$FOLDER/group" /etc/group
fi
mkdir -p /run/systemd/resolve /run/systemd/resolved.conf.d
chown systemd-resolve:systemd-resolve /run/systemd/resolve
chmod 755 "$FOLDER"

ip link set lo up
ip link add v0 index 11 type veth peer name v1 index 12
ip link set v0 up
ip link set v1 up
cat >/run/systemd/resolved.conf.d/test.conf <<END
[Resolve]
DNS=192.0.2.53 2001:db8::53 fe80::53%v0
FallbackDNS=
Domains=example.com ~example.net
END
cat >"$FOLDER/bus.conf" <<END
<busconfig><type>system</type><listen>unix:path=$FOLDER/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>
END

export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$FOLDER/bus"
# The bus says its address when it listens; resolved is called until it owns its name.
dbus-daemon --config-file="$FOLDER/bus.conf" --nofork --nopidfile --print-address=3 3>"$FOLDER/address" </dev/null >&2 &
children=$!
until [ -s "$FOLDER/address" ]; do kill -0 $!; sleep 0.02; done
"$RESOLVED" </dev/null >&2 &
children="$children $!"
until busctl status org.freedesktop.resolve1 >/dev/null 2>&1; do kill -0 $!; sleep 0.02; done

set_link() {
    busctl call org.freedesktop.resolve1 /org/freedesktop/resolve1 org.freedesktop.resolve1.Manager "$@" >&2
}
set_link SetLinkDNS 'ia(iay)' 11 2 2 4 198 51 100 53 10 16 254 128 0 0 0 0 0 0 0 0 0 0 0 0 0 1
set_link SetLinkDomains 'ia(sb)' 11 2 corp.example false . true
set_link SetLinkDefaultRoute ib 11 true
set_link SetLinkDNS 'ia(iay)' 12 1 2 4 203 0 113 53
set_link SetLinkDefaultRoute ib 12 false
echo ready
cat >/dev/null
