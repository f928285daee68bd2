/** For specs that run as root: a tree with everything that a copy may lose, and all that can be told of one. */

// struct vfs_cap_data of revision 2 with cap_net_raw (capability.h), and an ACL with an entry for uid 7 (posix_acl_xattr.h).
const capability = '0x0100000200200000000000000000000000000000';
const acl = ['02000000', '01000600ffffffff', '0200040007000000', '04000400ffffffff', '10000400ffffffff', '20000000ffffffff'].join('');

/** Makes 10,000 files in the working directory. */
const makeMany = `
mkdir many
perl -e 'for my $d (0..99) { mkdir "many/$d"; for (0..99) { open F, ">", "many/$d/$_" or die; print F "$d $_"; close F } }'
`;

/** Makes one file of each kind, in a directory `kinds` of the working directory, which shows an image with etc/motd. */
export const makeKinds = `
rm -r etc; mkdir etc; echo again > etc/new
mkdir kinds
cd kinds
echo linked > a; ln a b; mkdir sub; ln a sub/c
truncate -s 64M holes; echo end >> holes
perl -e 'for ("\\xff\\xfe", "new\\nline", "l" x 255, " ") { open F, ">", $_ or die }'
echo x > set; chown 5:6 set; chmod 6751 set
echo x > capable; setfattr -n security.capability -v ${capability} capable
echo x > listed; setfattr -n system.posix_acl_access -v 0x${acl} listed
setfattr -n user.note -v kept listed; setfattr -n user.note -v kept sub
setfattr -n system.posix_acl_default -v 0x${acl} sub
mkfifo -m 620 fifo; mknod node c 1 3
perl -e 'use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("socket")) or die'
ln -s nowhere dangling; chown -h 7:8 dangling; touch -h -d '2002-02-03 04:05:06.123456789' dangling
chmod 1777 sub; touch -d '2001-02-03 04:05:06.987654321' set sub
cd ..
`;

export const makeHardTree = makeMany + makeKinds;

/** Prints all names, kinds, modes, owners, sizes, times, links, contents and attributes. */
export const lookOfTree = `
export LC_ALL=C
{
  find . -type d -printf '%P %y %m %U:%G %T@\\0' -o -printf '%P %y %m %U:%G %s %T@ %n %l\\0' | sort -z
  find . -type f -print0 | sort -z | xargs -0 sha256sum
  find . -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex
  find . '(' -type c -o -type b ')' -print0 | sort -z | xargs -0 -r stat -c '%n %t:%T'
  [ kinds/a -ef kinds/b ] && [ kinds/a -ef kinds/sub/c ] && echo linked
} 2>&1
`;

/** Prints one checksum of all that. */
export const sumOfTree = `
( ${lookOfTree} ) > /dev/shm/tree.$$
sha256sum < /dev/shm/tree.$$
rm /dev/shm/tree.$$
`;
