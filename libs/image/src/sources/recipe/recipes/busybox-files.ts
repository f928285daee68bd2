/** Text files of the busybox image: path, mode, content. */
export const busyboxFiles: readonly (readonly [path: string, mode: number, content: string])[] = [
  [
    'etc/inittab',
    0o644,
    `# busybox init: <id>::<action>:<process>
::once:/etc/init.d/network
console::respawn:-/bin/sh
::shutdown:/bin/true
`,
  ],
  // Asks at once, then in the background for as long as it takes; no nic is no failure.
  [
    'etc/init.d/network',
    0o755,
    `#!/bin/sh
ip link set lo up
[ -e /sys/class/net/eth0 ] || exit 0
ip link set eth0 up
exec udhcpc -i eth0 -b -t 3 -T 1 -A 1 -R -x "hostname:$(hostname)" -s /etc/init.d/lease >/dev/null 2>&1
`,
  ],
  [
    'etc/init.d/lease',
    0o755,
    `#!/bin/sh
# Called by udhcpc with the lease in the environment.
case "$1" in
deconfig)
	ip address flush dev "$interface"
	ip link set "$interface" up
	;;
bound | renew)
	ip address replace "$ip/\${mask:-24}" \${broadcast:+broadcast $broadcast} dev "$interface"
	for gateway in $router; do
		ip route replace default via "$gateway" dev "$interface"
		break
	done
	{
		[ -n "$domain" ] && echo "search $domain"
		for server in $dns; do echo "nameserver $server"; done
	} > /etc/resolv.conf
	;;
esac
`,
  ],
  ['etc/passwd', 0o644, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n'],
  ['etc/group', 0o644, 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n'],
  ['etc/shadow', 0o600, 'root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n'],
  ['etc/shells', 0o644, '/bin/sh\n/bin/ash\n'],
  // The shell on the console comes from init, whose home is /.
  [
    'etc/profile',
    0o644,
    '[ "$HOME" = / ] && export HOME=/root && cd\nexport PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1=\'\\u@\\h:\\w\\$ \'\n',
  ],
  ['etc/hosts', 0o644, '127.0.0.1 localhost\n::1 localhost\n'],
  ['etc/resolv.conf', 0o644, ''],
  ['etc/os-release', 0o644, 'ID=busybox\nNAME=BusyBox\nPRETTY_NAME="BusyBox"\n'],
];
