//! Everything that is assumed. docs/serving.md has the same table.
//!
//! | what | assumed | because |
//! |---|---|---|
//! | hosts, and how often each is visited | 1,000; the n-th 1/n as often as the first (Zipf) | so are the names that clients look up found to be spread |
//! | which root a host's chain ends in | drawn for each host by [`ROOTS`] | in the order of public counts of certificates, in round numbers: Let's Encrypt half |
//! | sessions | one may begin in each hour, as probable as [`SESSIONS`] says: 5.8 a day | people sleep |
//! | pages of a session | 10 on average, each followed by another in 9 cases of 10 | a guess |
//! | seconds on a page | 5 to 85, each as probable | a guess |
//! | hosts of a page | its own and 0 to 10 more, each as probable | pages load from many hosts |
//! | a connection to a host | is used again while it is open; closes 60 seconds after its last use | nginx's default is 75 seconds |
//! | queries of a connection | 1, for the name that its chain ends in; [`ISSUERS_OF_CHAIN`] where the list has none of the names | a path is asked for from its end, and the issuer of the server's own certificate last |
//! | the client's rules | [`IDLE_GRACE`], [`MAX_AGE`], [`HOST_CACHE`], [`NOT_FOUND_CACHE`], [`STORE_IDLE`] | the client's defaults |
//! | a handshake with the store | [`HANDSHAKE`] bytes, never resumed | TLS 1.3, two certificates on P-256, 910 bytes together: measured with `jit-trust get` and `jit-trust serve`, above TCP |
//! | a query | [`FOUND`] bytes and the blob, or [`NOT_FOUND`] | HTTP/2, the second and third query of a connection, measured alike |
//! | a blob | the file of `by-subject` for that root | made of the compiled-in list |

/// Seconds.
pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const YEAR: u64 = 365 * DAY;

pub(crate) const HOSTS: usize = 1_000;

/// What a root's subject contains, and how many of a thousand hosts have a chain that ends in it. The rest have one that
/// ends in no root of the list: private CAs, and servers that leave an intermediate certificate out.
pub(crate) const ROOTS: [(&str, u64); 14] = [
    ("CN=ISRG Root X1", 400),
    ("CN=ISRG Root X2", 100),
    ("CN=GTS Root R4", 100),
    ("CN=GTS Root R1", 80),
    ("CN=DigiCert Global Root G2", 80),
    ("CN=Amazon Root CA 1", 60),
    ("CN=USERTrust RSA Certification Authority", 40),
    ("OU=GlobalSign Root CA - R3", 40),
    ("CN=Sectigo Public Server Authentication Root R46", 30),
    ("CN=Go Daddy Root Certificate Authority - G2", 25),
    ("CN=Starfield Services Root Certificate Authority - G2", 10),
    ("CN=SSL.com TLS ECC Root CA 2022", 10),
    ("CN=Microsoft RSA Root Certificate Authority 2017", 10),
    ("CN=Certum Trusted Network CA 2", 5),
];

/// In how many cases of a thousand a session begins, for each hour of the day.
pub(crate) const SESSIONS: [u64; 24] = [
    60, 30, 15, 10, 10, 20, 80, 200, 300, 300, 280, 300, 340, 320, 280, 280, 300, 360, 420, 460, 480, 440,
    320, 160,
];
/// In how many cases of ten another page follows.
pub(crate) const NEXT_PAGE: u64 = 9;
pub(crate) const SECONDS_ON_PAGE: (u64, u64) = (5, 85);
pub(crate) const MORE_HOSTS_OF_PAGE: (u64, u64) = (0, 10);
pub(crate) const HOST_IDLE: u64 = MINUTE;

/// How many issuers a chain names: one intermediate certificate is sent with most.
pub(crate) const ISSUERS_OF_CHAIN: u64 = 2;

/// How long an anchor stays after the last connection that used it has closed.
pub(crate) const IDLE_GRACE: u64 = 5;
/// How long after it came an anchor serves new connections.
pub(crate) const MAX_AGE: u64 = 5 * MINUTE;
/// How long it is remembered which anchors a host needs: they are then asked for while the handshake begins.
pub(crate) const HOST_CACHE: u64 = HOUR;
/// How long it is remembered that the store has no anchor of a name.
pub(crate) const NOT_FOUND_CACHE: u64 = 10 * MINUTE;
/// How long the connection to the store is kept without a query.
pub(crate) const STORE_IDLE: u64 = MINUTE;

/// Bytes from the device and to it.
pub(crate) struct Bytes {
    pub(crate) up: u64,
    pub(crate) down: u64,
}

pub(crate) const HANDSHAKE: Bytes = Bytes { up: 513, down: 1_596 };
/// Without the blob.
pub(crate) const FOUND: Bytes = Bytes { up: 96, down: 100 };
pub(crate) const NOT_FOUND: Bytes = Bytes { up: 96, down: 38 };
