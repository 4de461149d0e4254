//! Whether a folder lies on a network drive, where SQLite's write-ahead log (shared memory, locks) does not work.
//! Knows file-system kinds by number and by name; opens nothing but the system's own tables.

use std::path::Path;

/// File systems by the number `statfs` reports (linux/magic.h, and cifs, smb2, ceph and others from their sources).
const NETWORK_MAGIC: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "kAFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x564c, "NCP"),
    (0x786f_4256, "VirtualBox shared folder"),
    (0x4750_4653, "GPFS"),
    (0x7461_636f, "OCFS2"),
];

/// What `statfs` reports for every file system in user space, local or not; the mount table tells which.
const FUSE_MAGIC: u64 = 0x6573_5546;

/// File systems in user space that reach over a network or out of a virtual machine, as the mount table names them.
const NETWORK_FUSE: &[&str] = &[
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.goofys",
    "fuse.gcsfuse",
    "fuse.davfs",
    "fuse.davfs2",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.ceph-fuse",
    "fuse.smbnetfs",
    "fuse.curlftpfs",
    "fuse.gvfsd-fuse",
    "fuse.juicefs",
    "fuse.vmhgfs-fuse",
    "virtiofs",
];

/// The kind of network drive `path` (or its nearest existing ancestor) lies on; `None` for local disks, and where the
/// system does not tell.
pub(super) fn network_kind(path: &Path) -> Option<String> {
    let absolute = std::path::absolute(path).ok()?;
    let existing = absolute.ancestors().find(|ancestor| ancestor.exists())?;
    let magic = file_system_magic(existing)?;
    let mount_table = || std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let real = existing.canonicalize().ok()?;
    kind_of(magic, || mount_type(&mount_table(), &real))
}

/// The network kind of a `statfs` number; `fuse_type` is asked only for file systems in user space.
fn kind_of(magic: u64, fuse_type: impl FnOnce() -> Option<String>) -> Option<String> {
    if magic == FUSE_MAGIC {
        return fuse_type().filter(|name| NETWORK_FUSE.contains(&name.as_str()));
    }
    NETWORK_MAGIC.iter().find(|(number, _)| *number == magic).map(|(_, kind)| (*kind).to_owned())
}

/// File-system type of the longest mount point above `path`, of a table in the form of proc(5)'s mountinfo.
fn mount_type(mount_info: &str, path: &Path) -> Option<String> {
    let mounts = mount_info.lines().filter_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let point = unescape(mount.split(' ').nth(4)?);
        Some((point, file_system.split(' ').next()?))
    });
    let above = mounts.filter(|(point, _)| path.starts_with(point));
    // Of two mounts at one point the later covers the earlier; max_by_key returns the last.
    above.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}

/// The table writes space, tab, newline and backslash as three octal digits.
fn unescape(point: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(point.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(target_os = "linux")]
fn file_system_magic(path: &Path) -> Option<u64> {
    // Some numbers have the top bit of 32 set and come sign-extended on some machines.
    rustix::fs::statfs(path).ok().map(|status| u64::from(status.f_type as u32))
}

#[cfg(not(target_os = "linux"))]
fn file_system_magic(_path: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use super::{FUSE_MAGIC, kind_of, mount_type};

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home/me/server rw,nosuid shared:2 - fuse.sshfs me@server: rw
31 22 0:41 / /media/my\\040stick rw - fuseblk /dev/sdb1 rw
32 22 0:42 / /home rw - fuse.rclone cloud: rw
33 22 0:43 / /home rw - xfs /dev/sdc rw
";

    fn check(magic: u64, path: &str, expected: Option<&str>) {
        let kind = kind_of(magic, || mount_type(MOUNTS, Path::new(path)));
        assert_eq!(kind.as_deref(), expected, "{magic:x} {path}");
    }

    #[test]
    fn network_drives_are_told_from_local_ones() {
        check(0xef53, "/", None);
        check(0x5846_5342, "/", None);
        check(0x0102_1994, "/", None);
        check(0x6969, "/", Some("NFS"));
        check(0xff53_4d42, "/", Some("CIFS"));
        check(0xfe53_4d42, "/", Some("SMB2"));
        check(0x0102_1997, "/", Some("9P"));
        check(FUSE_MAGIC, "/home/me/server/x.lookalike", Some("fuse.sshfs"));
        check(FUSE_MAGIC, "/media/my stick/x", None);
        check(FUSE_MAGIC, "/home/other", None);
        check(FUSE_MAGIC, "/home/me/server2", None);
    }

    #[test]
    fn a_folder_that_does_not_exist_yet_is_judged_by_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let here = super::network_kind(folder.path());
        assert_eq!(super::network_kind(&folder.path().join("not/yet")), here);
    }
}
