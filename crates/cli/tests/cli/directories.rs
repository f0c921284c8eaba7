//! Directories of certificates as systems have them, trusted by and made into other forms.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use jit_trust_lab::pki::{Ca, Leaf};

use crate::support::{Lab, Run, jit_trust, run};

/// A directory as `c_rehash` leaves it, with what else gathers there.
struct System {
    lab: Lab,

    chain: PathBuf,
    certs: PathBuf,
}

impl System {
    fn new() -> Self {
        let lab = Lab::trusting(&[]);
        let root = Ca::root("Lab Root");
        let chain = lab.write("chain.pem", root.leaf("a.test").pem());
        let certs = lab.path("certs");
        fs::create_dir(&certs).unwrap();
        fs::write(certs.join("root.pem"), root.pem()).unwrap();
        symlink("root.pem", certs.join("0a0b0c0d.0")).unwrap();
        fs::write(certs.join("ca-certificates.crt"), root.pem()).unwrap();
        Self { lab, chain, certs }
    }

    fn clutter(&self) {
        fs::create_dir(self.certs.join("java")).unwrap();
        symlink("../gone.crt", self.certs.join("gone.pem")).unwrap();
        fs::write(self.certs.join("README"), "see the manual").unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        fs::write(self.certs.join("key.pem"), key).unwrap();
    }

    fn verify(&self) -> Command {
        let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
        command.arg(&self.certs).arg(&self.chain);
        command
    }

    fn bundle(&self) -> Command {
        let mut command = jit_trust(["bundle"]);
        command
            .arg(&self.certs)
            .arg("--blob")
            .arg(self.lab.path("out.tblb"));
        command
    }
}

fn lines_with<'r>(run: &'r Run, part: &str) -> Vec<&'r str> {
    run.stderr.lines().filter(|line| line.contains(part)).collect()
}

#[test]
fn a_systems_directory_is_trusted_by_and_bundled_with_one_line_for_what_was_passed_over() {
    let system = System::new();
    // Where there is nothing else, there is nothing to say.
    let run_clean = run(&mut system.verify()).ends_with(0);
    assert_eq!(run_clean.stderr, "");
    system.clutter();
    let passed_over = "certs: passed over: 1 directory (java), 1 link that leads nowhere (gone.pem), \
                       2 files without a certificate (README, …)";
    for mut command in [system.verify(), system.bundle()] {
        let run = run(&mut command).ends_with(0);
        assert_eq!(lines_with(&run, passed_over).len(), 1, "{run:#?}");
        assert!(
            lines_with(&run, "README").len() == 1 && !run.stderr.contains("warning"),
            "{run:#?}"
        );
    }
    for command in ["show", "find"] {
        let mut command = jit_trust([command]);
        command.arg(&system.certs);
        if command.get_args().any(|arg| arg == "find") {
            command.arg("--issuer-of").arg(&system.chain);
        }
        let run = run(&mut command).ends_with(0).says(passed_over);
        assert_eq!(run.stdout.matches("CN=Lab Root").count(), 1);
    }
}

#[test]
fn a_damaged_certificate_in_a_systems_directory_is_not_passed_over() {
    let system = System::new();
    system.clutter();
    let damaged = system.certs.join("damaged.pem");
    fs::write(&damaged, Ca::root("Other").pem().replacen("MII", "M!I", 1)).unwrap();
    for mut command in [system.verify(), system.bundle()] {
        run(&mut command)
            .ends_with(2)
            .says("damaged.pem: certificate 1, line 2: expected Base64");
    }
    run(system.bundle().arg("--skip-invalid"))
        .ends_with(0)
        .says("warning: ")
        .says("damaged.pem: certificate 1, line 2: expected Base64; left out");
}

/// A date that is in a blob beside the same root in PEM must not be lifted by passing over the blob.
#[test]
fn a_trust_blob_in_a_directory_is_not_passed_over() {
    let system = System::new();
    fs::copy(system.lab.store(), system.certs.join("more.tblb")).unwrap();
    for mut command in [system.verify(), system.bundle()] {
        run(&mut command)
            .ends_with(2)
            .says_one_line()
            .says("more.tblb: a list of roots that may say more of them than PEM can");
    }
}

/// The command as a user without rights, also where the tests run as root.
fn without_rights(command: &Command, directory: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        let mut same = Command::new(command.get_program());
        same.args(command.get_args());
        return same;
    }
    // Where the program was built, that user may have no way in.
    let program = directory.join("jit-trust");
    if !program.exists() {
        fs::copy(command.get_program(), &program).unwrap();
    }
    let mut changed = Command::new("setpriv");
    changed
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(command.get_args());
    changed
}

#[test]
fn files_that_the_user_may_not_read_are_told_in_a_warning() {
    let system = System::new();
    let directory = system.certs.parent().unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o777)).unwrap();
    let private = system.certs.join("private.pem");
    fs::write(&private, Ca::root("Other").pem()).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o000)).unwrap();
    // So is a link into a directory that the user may not enter.
    let closed = system.lab.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("root.pem"), Ca::root("Third").pem()).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    symlink("../closed/root.pem", system.certs.join("root-in-there.pem")).unwrap();
    for command in [system.verify(), system.bundle()] {
        let run = run(&mut without_rights(&command, directory)).ends_with(0);
        let told = lines_with(
            &run,
            "certs: passed over: 2 files that this user may not read (private.pem, …)",
        );
        assert!(
            told.len() == 1 && told[0].starts_with("jit-trust: warning: "),
            "{run:#?}"
        );
    }
    // Named, such a file refuses, and so does a directory.
    let mut named = jit_trust(["show"]);
    run(&mut without_rights(named.arg(&private), directory))
        .ends_with(2)
        .says("private.pem: cannot read: ");
    let mut named = jit_trust(["show"]);
    run(&mut without_rights(named.arg(&closed), directory))
        .ends_with(2)
        .says("closed: cannot read: ");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_servers_certificate_in_a_systems_directory_is_left_out_of_a_list() {
    let system = System::new();
    let server = Leaf::builder(&["localhost"]).self_signed();
    fs::write(system.certs.join("snakeoil.pem"), server.pem()).unwrap();
    let run = run(&mut system.bundle()).ends_with(0);
    assert!(
        run.stderr
            .contains("1 certificate that says it is not a CA's (snakeoil.pem)"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("\n1 certificate, "), "{run:#?}");
}
