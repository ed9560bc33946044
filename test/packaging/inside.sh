#!/bin/sh
# What happens to a host with the package, in an overlay of this host and a pid namespace of its own.
# Its words: the directory of the overlay, the first package, the second, an image, a name for the
# control group. Prints `ok …` for what is as it should be; the first thing that is not ends it.
set -u
root=$1 first=$2 second=$3 image=$4 group=$5

fail() {
	echo "not ok $*"
	tail -20 "$root/var/log/lithos/master.log" "$root/tmp/tree.out" 2>/dev/null
	exit 1
}
ok() { echo "ok $*"; }
in_root() { chroot "$root" "$@"; }
# At most half a minute.
until_true() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -gt 150 ] && fail "waited in vain: $*"
		sleep 0.1
	done
}

mount -t overlay overlay -o "lowerdir=/,upperdir=$root.upper,workdir=$root.work" "$root" &&
	mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
	mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/run" &&
	mount -t tmpfs tmpfs "$root/tmp" || fail 'an overlay of this host'
rm -rf "$root/etc/lithos" "$root/var/lib/lithos" "$root/var/log/lithos"
# Where Node was not installed by dpkg, the dependency cannot be met; the program is what counts.
install="dpkg --force-depends --force-confold -i"
cp "$first" "$root/tmp/first.deb" && cp "$second" "$root/tmp/second.deb"

in_root $install /tmp/first.deb >"$root/tmp/dpkg.out" 2>&1 || fail "$(cat "$root/tmp/dpkg.out")"
[ -c "$root/var/lib/lithos/dev/null" ] || fail 'devices of containers are made'
in_root pgrep -x lithos_tree >/dev/null && fail 'nothing is started by an installation'
ok 'installed, and nothing was started'

for name in lithos lithos_tree lithos_check lithos_ps lithos_switch lithos_clean lithos_cmd; do
	in_root "$name" --version >/dev/null 2>&1 </dev/null || fail "$name --version"
done
in_root lithos_crypt help >/dev/null || fail lithos_crypt
in_root lithos_check >/dev/null || fail 'lithos_check of a fresh installation'
in_root man -w lithos lithos-ls 5 lithos_master >/dev/null 2>&1 ||
	[ -f "$root/usr/share/man/man5/lithos_master.5.gz" ] || fail 'manual pages'
bash -n "$root/usr/share/bash-completion/completions/lithos_ps" || fail completions
ok 'its commands run'

mkdir -p "$root/var/lib/lithos/containers/img"
cp -r "$image/." "$root/var/lib/lithos/containers/img/"
echo "cgroup-name: $group" >"$root/etc/lithos/master.yaml"
printf 'allow-users: [1-70000]\nallow-groups: [0]\ndefault-user: 1000\n' >"$root/etc/lithos/sandboxes/web.yaml"
printf 'app: {image: img, config: /app.yaml}\n' >"$root/etc/lithos/processes/web.yaml"
in_root lithos_tree >"$root/tmp/tree.out" 2>&1 &
until_true in_root sh -c 'lithos ls -H -o state | grep -qx running'
tree=$(cat "$root/run/lithos/master.pid")
app=$(in_root lithos ls -H -o pid)
ok "a container runs"

in_root $install /tmp/second.deb >"$root/tmp/dpkg.out" 2>&1 || fail "$(cat "$root/tmp/dpkg.out")"
until_true grep -q 'restarted in place (SIGHUP)' "$root/var/log/lithos/master.log"
until_true in_root sh -c 'lithos ls -H -o state | grep -qx running'
[ "$(cat "$root/run/lithos/master.pid")" = "$tree" ] || fail 'the same supervisor'
[ "$(in_root lithos ls -H -o pid)" = "$app" ] || fail 'the same application'
[ -e "/proc/$app" ] || fail 'the application lives'
grep -q "$group" "$root/etc/lithos/master.yaml" || fail 'the changed configuration is kept'
ok 'upgraded: the supervisor was restarted in place, the container has noticed nothing'

in_root dpkg -r lithos >"$root/tmp/dpkg.out" 2>&1 || fail "$(cat "$root/tmp/dpkg.out")"
[ -e "/proc/$app" ] && fail 'the container is stopped'
[ -e "/proc/$tree" ] && [ "$(cat "/proc/$tree/comm")" = lithos_tree ] && fail 'it is stopped'
[ -f "$root/etc/lithos/master.yaml" ] || fail 'the configuration stays'
[ -e "$root/usr/lib/lithos" ] && fail "left: $(find "$root/usr/lib/lithos")"
ok 'removed: everything was stopped, the configuration is there'

in_root dpkg -P lithos >"$root/tmp/dpkg.out" 2>&1 || fail "$(cat "$root/tmp/dpkg.out")"
for path in etc/lithos/master.yaml var/log/lithos var/lib/lithos/dev run/lithos; do
	[ -e "$root/$path" ] && fail "$path is left"
done
[ -d "$root/var/lib/lithos/containers/img" ] || fail 'images are not ours to remove'
ok 'purged: nothing of it is left but images'
