//! The help, held as it is, and what else is made of the same description.

use crate::support::{jit_trust, run, run_line};

#[test]
fn the_help_is_what_it_was() {
    for command in [
        "", "get", "verify", "explain", "bundle", "show", "find", "diff", "cache", "serve", "compat",
    ] {
        let help = run(&mut jit_trust(command.split_whitespace().chain(["--help"]))).ends_with(0);
        insta::assert_snapshot!(format!("help_{command}"), help.stdout);
        assert!(
            help.stdout.contains("Examples:") && help.stdout.contains("Exit status:"),
            "{command}"
        );
        assert!(
            help.stdout.lines().all(|line| line.chars().count() <= 100),
            "{command}"
        );
    }
}

#[test]
fn the_examples_of_the_man_page_are_lines_as_one_types_them() {
    let page = run_line("--generate man").ends_with(0).stdout.replace('\\', "");
    let unfilled: String = page
        .split(".nf")
        .skip(1)
        .filter_map(|part| part.split(".fi").next())
        .collect();
    assert!(
        unfilled.contains("\n  jit-trust bundle mozilla --blob trust.tblb\n"),
        "{unfilled}"
    );
    assert!(unfilled.contains("jit-trust find mozilla --skid"), "{unfilled}");
}

#[test]
fn man_page_and_completions_know_every_command_and_option() {
    for what in [
        "man",
        "complete-bash",
        "complete-zsh",
        "complete-fish",
        "complete-powershell",
    ] {
        let text = run_line(&format!("--generate {what}"))
            .ends_with(0)
            .stdout
            .replace('\\', "");
        for word in [
            "get",
            "verify",
            "explain",
            "bundle",
            "show",
            "find",
            "diff",
            "serve",
            "cache",
            "trust-ca",
            "max-redirs",
            "issuer-of",
            "webroot",
            "blob-version",
            "max-age",
        ] {
            assert!(text.contains(word), "{word} in {what}");
        }
    }
}

#[test]
fn without_a_command_it_helps() {
    run_line("").ends_with(2).says("Usage: jit-trust");
    run_line("nonsense").ends_with(2);
    assert!(
        run_line("--version")
            .ends_with(0)
            .stdout
            .starts_with("jit-trust ")
    );
}

#[test]
fn colours_are_for_terminals_and_not_for_those_who_want_none() {
    let coloured = "\u{1b}[";
    let mut plain = jit_trust(["show", "/nonexistent"]);
    assert!(!run(&mut plain).ends_with(2).stderr.contains(coloured));
    let mut forced = jit_trust(["show", "/nonexistent"]);
    assert!(
        run(forced.env("CLICOLOR_FORCE", "1"))
            .ends_with(2)
            .stderr
            .contains(coloured)
    );
    let mut unwanted = jit_trust(["show", "/nonexistent"]);
    assert!(
        !run(unwanted.env("NO_COLOR", "1"))
            .ends_with(2)
            .stderr
            .contains(coloured)
    );
}
