//! `serve`, and what a webroot may have in the place of files.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use jit_trust_bundle::Fingerprint;
use rustix::process::Signal;

use crate::client::PROTOCOLS;
use crate::serve::{Serving, command};
use crate::served::Served;

#[test]
fn links_are_followed_inside_the_webroot_and_never_out_of_it() {
    let served = Served::new();
    fs::write(served.path("secret"), "secret").unwrap();
    let serving = Serving::start(&served, "");
    let webroot = served.webroot();
    let (inside, content) = served.file_in("der");
    let link = |name: &str, target: &str| symlink(target, webroot.join("by-skid").join(name)).unwrap();
    link("AA01", &format!("..{inside}"));
    link("AA02", "AA01");
    link("BB01", "../../secret");
    link("BB02", served.path("secret").to_str().unwrap());
    link("BB03", "BB01");
    link("BB04", "/dev/zero");
    link("BB05", "/proc/self/environ");
    // It leads inside again, by a path that is outside.
    link("BB06", &format!("../../webroot{inside}"));
    fs::create_dir(served.path("elsewhere")).unwrap();
    fs::write(
        served.path("elsewhere").join(format!("{}.der", "0".repeat(64))),
        "secret",
    )
    .unwrap();

    for protocol in PROTOCOLS {
        for name in ["AA01", "AA02"] {
            let got = serving.client.get(protocol, &format!("/by-skid/{name}"));
            assert_eq!((got.status, &got.body[..]), (200, &content[..]), "{name}");
        }
        for name in ["BB01", "BB02", "BB03", "BB04", "BB05", "BB06"] {
            let got = serving.client.get(protocol, &format!("/by-skid/{name}"));
            // No 404, which would say that there is no such anchor.
            assert_eq!((got.status, got.body.len()), (403, 0), "{name}");
            assert_eq!(got.header("cache-control"), "no-store");
        }
    }
    fs::remove_dir_all(webroot.join("der")).unwrap();
    symlink("../elsewhere", webroot.join("der")).unwrap();
    let got = serving.client.get("h2", &format!("/der/{}.der", "0".repeat(64)));
    assert_eq!((got.status, got.body.len()), (403, 0));

    let (_, said) = serving.end_by(Signal::TERM);
    for name in ["by-skid/BB01", "by-skid/BB02", "by-skid/BB06", "der/0000"] {
        let said: Vec<_> = said.lines().filter(|line| line.contains(name)).collect();
        assert_eq!(
            said.len(),
            1,
            "once each, however often it is asked for: {said:?}"
        );
        assert!(
            said[0].contains("is not served: a link leads out of the webroot"),
            "{said:?}"
        );
    }
    assert!(!said.contains("AA0"), "{said}");
}

#[test]
fn what_is_no_file_is_neither_served_nor_waited_for_nor_said_not_to_be_there() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let skids = served.webroot().join("by-skid");
    let pipe = skids.join("CC01");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(skids.join("CC02")).unwrap();
    fs::create_dir(skids.join("CC03")).unwrap();
    symlink("CC01", skids.join("CC04")).unwrap();
    symlink("../der/none", skids.join("CC05")).unwrap();
    symlink("CC06", skids.join("CC06")).unwrap();
    fs::File::create(skids.join("CC07"))
        .unwrap()
        .set_len((64 << 20) + 1)
        .unwrap();
    let mut names = vec!["CC01", "CC02", "CC03", "CC04", "CC05", "CC06", "CC07"];
    // A terminal or a tape would do something when it is opened. Only root may make one, and not everywhere.
    let device = std::process::Command::new("mknod")
        .arg(skids.join("CC08"))
        .args(["c", "5", "0"])
        .output();
    if device.is_ok_and(|made| made.status.success()) {
        names.push("CC08");
    }
    for protocol in PROTOCOLS {
        for name in &names {
            let got = serving.client.get(protocol, &format!("/by-skid/{name}"));
            assert!([403, 500].contains(&got.status), "{name}: {got:?}");
            assert_eq!(got.header("cache-control"), "no-store");
        }
    }
    let (status, said) = serving.end_by(Signal::TERM);
    assert_eq!(status, Some(0), "it still ends");
    for name in names {
        assert_eq!(
            said.matches(&format!("by-skid/{name} is not served: ")).count(),
            1,
            "{said}"
        );
    }
}

#[test]
fn paths_that_lead_out_in_any_spelling_are_not_there() {
    let served = Served::new();
    fs::write(served.path("secret"), "secret").unwrap();
    let serving = Serving::start(&served, "");
    for protocol in PROTOCOLS {
        for path in [
            "/der/../../secret",
            "/der/..%2f..%2fsecret",
            "/der/%2e%2e/%2e%2e/secret",
            "/der/%252e%252e/secret",
            "/der/..%5c..%5csecret",
            "/der/%c0%ae%c0%ae/secret",
            "/der/....//secret",
            "/by-skid/AA%00",
            "/by-skid/AA%00.der",
            "//etc/passwd",
            "/%2fetc%2fpasswd",
            "/by-skid/AA;/../secret",
            "/by-skid/AA/.",
        ] {
            let got = serving.client.get(protocol, path);
            assert_eq!((got.status, got.body.len()), (404, 0), "{path}");
        }
    }
}

#[test]
fn every_answer_is_of_one_generation_while_the_webroot_is_replaced_again_and_again() {
    let served = Served::new();
    let paths = [served.file_in("by-subject").0, "/bundle.tblb".to_owned()];
    let (link, is_done) = (served.path("current"), AtomicBool::new(false));
    symlink("webroot", &link).unwrap();
    let mut command = command(&served, "");
    command.args(["--max-age", "1"]);
    // By a link, as it is often switched; and the directory behind it is exchanged, as our own writer does.
    let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
    let mut by_link = crate::support::jit_trust(arguments.into_iter().map(|argument| {
        if argument == served.webroot() {
            link.clone().into()
        } else {
            argument
        }
    }));
    let serving = Serving::by(&served, &mut by_link);
    let mut seen = std::collections::HashSet::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for generation in 2..60 {
                served.write_generation(generation);
                let aside = served.path("aside");
                let _ = fs::remove_dir_all(&aside);
                // Another copy, and the link is switched to it and back.
                assert!(
                    std::process::Command::new("cp")
                        .arg("-a")
                        .arg(served.webroot())
                        .arg(&aside)
                        .status()
                        .unwrap()
                        .success()
                );
                for target in ["aside", "webroot"] {
                    symlink(target, served.path("next")).unwrap();
                    fs::rename(served.path("next"), &link).unwrap();
                }
            }
            is_done.store(true, Ordering::SeqCst);
        });
        while !is_done.load(Ordering::SeqCst) {
            for path in &paths {
                let got = serving.client.get("h2", path);
                assert_eq!(got.status, 200, "{path}");
                assert_eq!(got.header("etag"), format!("\"{}\"", Fingerprint::of(&got.body)));
                seen.insert(got.header("etag").to_owned());
            }
        }
    });
    assert!(seen.len() > 4, "{}", seen.len());
}

#[test]
fn a_file_that_is_changed_while_it_is_sent_is_not_sent_to_its_end() {
    use std::os::unix::fs::FileExt;

    use http_body_util::{BodyExt, Empty};
    use hyper::body::Bytes;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    const LEN: u64 = 48 << 20;
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let bundle = fs::File::create(served.webroot().join("bundle.tblb")).unwrap();
    for change in [None, Some(LEN), Some(LEN - 1)] {
        bundle.set_len(0).unwrap();
        bundle.set_len(LEN).unwrap();
        let got = crate::client::block_on(async {
            let stream = serving.client.connect(&["h2"]).await;
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                    .await
                    .unwrap();
            tokio::spawn(connection);
            let request = hyper::Request::get("https://localhost/bundle.tblb").body(Empty::<Bytes>::new());
            let answer = sender.send_request(request.unwrap()).await.unwrap();
            assert_eq!(answer.status(), 200);
            match change {
                None => {}
                Some(LEN) => bundle.set_len(LEN - 1).unwrap(),
                Some(place) => bundle.write_all_at(b"!", place).unwrap(),
            }
            let body = answer.into_body().collect().await;
            body.map(|body| body.to_bytes().len())
        });
        match change {
            None => assert_eq!(got.unwrap() as u64, LEN),
            Some(_) => assert!(got.is_err(), "{change:?}"),
        }
    }
}
