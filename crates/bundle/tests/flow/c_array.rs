//! The C initialiser, as a C compiler takes it.

use std::fs;
use std::process::Command;

use jit_trust_bundle::c_array;

use crate::fixture::*;

#[test]
fn a_c_compiler_makes_the_same_bytes_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let blob = blob_v1(&roots(3));
    fs::write(path("blob.h"), c_array(&blob)).unwrap();
    let program = "#include <stdint.h>\n#include <stdio.h>\n\
                   static const uint8_t blob[] = {\n#include \"blob.h\"\n};\n\
                   int main(void) { return fwrite(blob, 1, sizeof blob, stdout) != sizeof blob; }\n";
    fs::write(path("blob.c"), program).unwrap();
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o"])
        .args([path("blob"), path("blob.c")])
        .status();
    match compiled {
        Ok(status) => assert!(status.success()),
        Err(error) if std::env::var_os("CI").is_some() => panic!("cc: {error}"),
        Err(error) => return eprintln!("skipped: cc: {error}"),
    }
    assert!(Command::new(path("blob")).output().unwrap().stdout == blob);
}

#[test]
fn it_has_sixteen_bytes_a_line() {
    let text = c_array(&blob_v1(&roots(1)));
    assert!(text.starts_with("0x54, 0x42, 0x4c, 0x42, 0x00, 0x01, 0x00, 0x01, "));
    let lines: Vec<_> = text.lines().collect();
    let (last, whole) = lines.split_last().unwrap();
    assert!(whole.iter().all(|line| line.matches("0x").count() == 16));
    assert!((1..=16).contains(&last.matches("0x").count()));
    assert!(lines.iter().all(|line| line.ends_with(',')));
}
