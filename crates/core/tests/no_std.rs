//! The core needs neither std nor an allocator.

use std::path::Path;
use std::process::Command;

#[test]
fn a_program_without_std_and_without_an_allocator_links_the_core() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/no-std");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-std");
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--offline"])
        .args(["--manifest-path".as_ref(), package.join("Cargo.toml").as_os_str()])
        .args(["--target-dir".as_ref(), target.as_os_str()])
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(build.success());
    let run = Command::new(target.join("debug/no-std")).status();
    assert!(run.expect("the program runs").success());
}
