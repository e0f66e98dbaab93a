//! A root of our own, and what is done to its files.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A root with `etc/resolv.conf`, and a watch of it.
struct Host {
    root: tempfile::TempDir,
    watch: FileWatch,
}

impl Host {
    fn new(prepare: impl FnOnce(&Path)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let etc = root.path().join("etc");
        fs::create_dir(&etc).unwrap();
        prepare(root.path());
        let places = Places {
            root: root.path().into(),
            folders: vec![etc.join("netns/blue"), etc],
            whole: vec![root.path().join("run/resolved")],
        };
        Self { watch: FileWatch::of_places(places).unwrap(), root }
    }

    /// Whether `change` is seen, without waiting: inotify queues before the change returns.
    async fn sees(&mut self, change: impl FnOnce(&Path)) -> bool {
        change(self.root.path());
        let mut seen = false;
        while let Ok(found) = tokio::time::timeout(std::time::Duration::ZERO, self.watch.next()).await {
            assert_eq!(found.unwrap(), Seen::ResolverFile);
            seen = true;
        }
        seen
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        // Registers with the driver first: readiness is known from the second turn on.
        tokio::task::yield_now().await;
        test.await;
    });
}

fn write(path: PathBuf) {
    fs::write(path, "nameserver 192.0.2.53\n").unwrap();
}

#[test]
fn a_file_that_is_written_replaced_or_removed_is_seen() {
    run(async {
        let mut host = Host::new(|root| write(root.join("etc/resolv.conf")));
        for _ in 0..2 {
            assert!(host.sees(|root| write(root.join("etc/resolv.conf"))).await, "written");
            let replace = |root: &Path| {
                write(root.join("etc/.new"));
                fs::rename(root.join("etc/.new"), root.join("etc/resolv.conf")).unwrap();
            };
            assert!(host.sees(replace).await, "replaced");
        }
        assert!(host.sees(|root| fs::remove_file(root.join("etc/resolv.conf")).unwrap()).await, "removed");
        assert!(host.sees(|root| write(root.join("etc/resolv.conf"))).await, "made again");
        assert!(!host.sees(|root| write(root.join("etc/passwd"))).await, "another file");
    });
}

#[test]
fn a_file_that_is_written_by_another_name_is_seen_as_in_a_container() {
    run(async {
        let mut host = Host::new(|root| {
            write(root.join("engine"));
            fs::hard_link(root.join("engine"), root.join("etc/resolv.conf")).unwrap();
        });
        assert!(host.sees(|root| write(root.join("engine"))).await);
    });
}

#[test]
fn a_link_that_leads_elsewhere_is_followed_there() {
    run(async {
        let mut host = Host::new(|root| {
            for folder in ["run/one", "run/two"] {
                fs::create_dir_all(root.join(folder)).unwrap();
                write(root.join(folder).join("stub.conf"));
            }
            // Inside this root.
            symlink("/run/one/stub.conf", root.join("etc/resolv.conf")).unwrap();
        });
        assert!(host.sees(|root| write(root.join("run/one/stub.conf"))).await, "the first target");
        let turn = |root: &Path| {
            symlink("../run/two/stub.conf", root.join("etc/.new")).unwrap();
            fs::rename(root.join("etc/.new"), root.join("etc/resolv.conf")).unwrap();
        };
        assert!(host.sees(turn).await, "the link");
        let replace = |root: &Path| {
            write(root.join("run/two/.new"));
            fs::rename(root.join("run/two/.new"), root.join("run/two/stub.conf")).unwrap();
        };
        assert!(host.sees(replace).await, "the second target");
        assert!(!host.sees(|root| write(root.join("run/one/stub.conf"))).await, "no longer the first");
    });
}

#[test]
fn folders_that_appear_later_are_watched_then() {
    run(async {
        let mut host = Host::new(|_| {});
        assert!(host.sees(|root| fs::create_dir_all(root.join("etc/netns/blue")).unwrap()).await);
        assert!(host.sees(|root| write(root.join("etc/netns/blue/resolv.conf"))).await);
        assert!(host.sees(|root| fs::create_dir_all(root.join("run/resolved")).unwrap()).await);
        assert!(host.sees(|root| write(root.join("run/resolved/2"))).await);
    });
}

#[test]
fn a_link_that_leads_to_itself_ends() {
    run(async {
        let mut host = Host::new(|root| symlink("resolv.conf", root.join("etc/resolv.conf")).unwrap());
        assert!(host.sees(|root| fs::remove_file(root.join("etc/resolv.conf")).unwrap()).await);
    });
}
