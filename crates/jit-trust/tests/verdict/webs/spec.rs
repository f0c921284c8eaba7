//! What there is to a store and to a web of trust, and how likely it is.
//!
//! Everything is named by small numbers, so that names and keys meet again in other combinations: two roots of
//! one name and different keys, one key under two names, a CA called as a root that it is not.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::identity::HOST;

/// How many names roots have. The CAs below have as many again.
pub(super) const ROOT_NAMES: u8 = 12;
/// How many names there are.
pub(super) const NAMES: u8 = 2 * ROOT_NAMES;
/// How many keys there are.
pub(super) const KEYS: u8 = 20;

/// The roots of a store, in its order.
pub(super) type Store = Vec<Root>;

/// Who somebody is: a name and a key, by number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    pub(super) name: u8,
    pub(super) key: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) identity: Identity,
    /// Another root, before this one in the store's order, whose name and key it has instead.
    pub(super) same_as: Option<u8>,
    pub(super) subject_key_id: SubjectId,
    pub(super) validity: Validity,
    pub(super) constraints: Constraints,
    pub(super) version_1: bool,
    /// In seconds from when leaves are issued.
    pub(super) distrust_after: Option<i64>,
    pub(super) imposed: Option<Constraints>,
}

/// What a server sends, by which name it is reached, and when.
#[derive(Clone, Debug)]
pub(super) struct Web {
    /// The root that the path starts from, if the store has it, as a place in the store's order.
    pub(super) root: Who,
    /// The CAs of the path, from the root down.
    pub(super) path: Vec<Member>,
    pub(super) leaf: Leaf,
    pub(super) others: Vec<Other>,
    /// Whether a certificate that is not the leaf comes first.
    pub(super) leaf_comes_second: bool,
    pub(super) host: &'static str,
    pub(super) time: Time,
}

/// A CA of the path.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) identity: Identity,
    pub(super) content: Content,
    /// How often it is sent.
    pub(super) copies: u8,
    /// Where: what is sent is sorted by it.
    pub(super) place: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) content: Content,
    /// notBefore, in seconds from when leaves are issued.
    pub(super) issued: i64,
}

/// A certificate that is sent besides those of the path.
#[derive(Clone, Debug)]
pub(super) struct Other {
    pub(super) what: What,
    pub(super) place: u16,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// A CA's certificate by another: a cross-certificate, a loop, a new certificate of a root, or something
    /// unrelated.
    Cross {
        subject: Who,
        issuer: Who,
        content: Content,
    },
    /// A root of the store, sent along.
    Root(u8),
    /// A root of Mozilla's list, sent along.
    Mozilla(u8),
    Noise,
}

/// A CA, as a number in its list; the list's length is taken off it as often as needed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// Of the path, the root of it included.
    Path(u8),
    /// Of the store.
    Root(u8),
    /// In no store, unless by chance.
    Stranger(Identity),
    /// One that has the name of a root of Mozilla's list, and not its key.
    Impostor(u8),
}

/// What a certificate says, and what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) subject_key_id: SubjectId,
    pub(super) authority_key_id: AuthorityId,
    pub(super) validity: Validity,
    pub(super) constraints: Constraints,
    pub(super) path_length: Option<u8>,
    pub(super) flaw: Flaw,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum SubjectId {
    Derived,
    Absent,
    /// As long as one may be.
    Long,
    /// That of the key of this number.
    OfKey(u8),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum AuthorityId {
    Derived,
    Absent,
    Empty,
    Wrong,
    Long,
    OfKey(u8),
    IssuerAndSerial,
    Both,
    /// The issuer and serial number of somebody else's certificate.
    IssuerAndSerialOf(Identity),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Validity {
    Valid,
    Expired,
    NotYetValid,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Constraints {
    None,
    PermitHost,
    ExcludeHost,
    PermitAnother,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Flaw {
    None,
    Forged,
    /// A CA that its certificate does not call one, or a leaf that its certificate calls a CA.
    WrongRole,
    Truncated,
    UnknownCriticalExtension,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Time {
    Usual,
    /// The last second in which what is called expired is valid.
    LastValid,
    /// When all have expired.
    TooLate,
}

impl Web {
    /// The same without most of what OpenSSL and mbedTLS refuse whatever the anchors are: key identifiers that lie, or do not
    /// tell issuers of one name apart, certificates that cannot be read, which end a connection, and a leaf that does not
    /// come first.
    pub(super) fn calmed(&self) -> Self {
        let calmed = |content: &Content| Content {
            subject_key_id: SubjectId::Derived,
            authority_key_id: AuthorityId::Both,
            constraints: match content.constraints {
                Constraints::PermitAnother => Constraints::PermitHost,
                other => other,
            },
            flaw: match content.flaw {
                Flaw::Truncated => Flaw::None,
                other => other,
            },
            ..content.clone()
        };
        let mut web = self.clone();
        web.leaf_comes_second = false;
        web.leaf.content = calmed(&web.leaf.content);
        for member in &mut web.path {
            member.content = calmed(&member.content);
            member.copies = member.copies.max(1);
        }
        web.others.retain(|other| !matches!(other.what, What::Noise));
        // Of two issuers of one name they take the one that comes first, and no other after it.
        web.others.truncate(1);
        for other in &mut web.others {
            if let What::Cross { content, .. } = &mut other.what {
                *content = calmed(content);
            }
        }
        web
    }

    /// The same without what mbedTLS refuses besides: certificates that are not sent in the order of the path, and most name
    /// constraints, which it cannot read.
    pub(super) fn ordered(&self) -> Self {
        let mut web = self.calmed();
        web.leaf.content.constraints = Constraints::None;
        let last = u16::try_from(web.path.len()).unwrap_or(u16::MAX);
        for (place, member) in (0..).zip(&mut web.path) {
            member.place = last - place;
            if place > 0 {
                member.content.constraints = Constraints::None;
            }
        }
        web
    }
}

/// A store of a few roots, or some tens.
pub(super) fn store() -> BoxedStrategy<Store> {
    let identity = (0..ROOT_NAMES, 0..KEYS).prop_map(|(name, key)| Identity { name, key });
    // A leaf is issued in the second before, in second 0, or in the one after.
    let date = prop_oneof![Just(-86_400_i64), Just(-1), Just(0), Just(1), Just(86_400)];
    let root = (
        (identity, option::weighted(0.1, any::<u8>())),
        subject_id(),
        validity(),
        constraints(),
        prop::bool::weighted(0.05),
        option::weighted(0.25, date),
        option::weighted(0.15, constraints()),
    )
        .prop_map(
            |(
                (identity, same_as),
                subject_key_id,
                validity,
                constraints,
                version_1,
                distrust_after,
                imposed,
            )| Root {
                identity,
                same_as,
                subject_key_id,
                validity,
                constraints,
                version_1,
                distrust_after,
                imposed,
            },
        );
    vec(root, 1..40).boxed()
}

pub(super) fn web() -> BoxedStrategy<Web> {
    let root = prop_oneof![
        9 => any::<u8>().prop_map(Who::Root),
        1 => stranger(),
    ];
    let others = prop_oneof![
        12 => vec(other(), 0..3),
        5 => vec(other(), 3..10),
        1 => vec(other(), 10..36),
    ];
    let host = prop_oneof![19 => Just(HOST), 1 => Just("b.test")];
    let time = prop_oneof![36 => Just(Time::Usual), 3 => Just(Time::LastValid), 1 => Just(Time::TooLate)];
    let second = prop::bool::weighted(0.03);
    (root, vec(member(), 0..5), leaf(), others, second, host, time)
        .prop_map(|(root, path, leaf, others, leaf_comes_second, host, time)| Web {
            root,
            path,
            leaf,
            others,
            leaf_comes_second,
            host,
            time,
        })
        .boxed()
}

fn member() -> BoxedStrategy<Member> {
    let name = prop_oneof![1 => 0..ROOT_NAMES, 9 => ROOT_NAMES..NAMES];
    let copies = prop_oneof![1 => Just(0_u8), 22 => Just(1), 1 => Just(2)];
    (name, 0..KEYS, content(), copies, any::<u16>())
        .prop_map(|(name, key, content, copies, place)| Member {
            identity: Identity { name, key },
            content,
            copies,
            place,
        })
        .boxed()
}

fn leaf() -> BoxedStrategy<Leaf> {
    (content(), -1_i64..=1)
        .prop_map(|(content, issued)| Leaf { content, issued })
        .boxed()
}

fn other() -> BoxedStrategy<Other> {
    let who = prop_oneof![
        5 => any::<u8>().prop_map(Who::Path),
        3 => any::<u8>().prop_map(Who::Root),
        3 => stranger(),
        1 => any::<u8>().prop_map(Who::Impostor),
    ]
    .boxed();
    let cross = (who.clone(), who, content());
    let cross = cross.prop_map(|(subject, issuer, content)| What::Cross {
        subject,
        issuer,
        content,
    });
    let what = prop_oneof![
        12 => cross,
        3 => any::<u8>().prop_map(What::Root),
        1 => any::<u8>().prop_map(What::Mozilla),
        1 => Just(What::Noise),
    ];
    (what, any::<u16>())
        .prop_map(|(what, place)| Other { what, place })
        .boxed()
}

fn stranger() -> impl Strategy<Value = Who> {
    identity().prop_map(Who::Stranger)
}

fn identity() -> impl Strategy<Value = Identity> {
    (0..NAMES, 0..KEYS).prop_map(|(name, key)| Identity { name, key })
}

fn content() -> impl Strategy<Value = Content> {
    let path_length = prop_oneof![30 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    (
        subject_id(),
        authority_id(),
        validity(),
        constraints(),
        path_length,
        flaw(),
    )
        .prop_map(
            |(subject_key_id, authority_key_id, validity, constraints, path_length, flaw)| Content {
                subject_key_id,
                authority_key_id,
                validity,
                constraints,
                path_length,
                flaw,
            },
        )
}

fn subject_id() -> impl Strategy<Value = SubjectId> {
    prop_oneof![
        6 => Just(SubjectId::Derived),
        2 => Just(SubjectId::Absent),
        1 => Just(SubjectId::Long),
        1 => (0..KEYS).prop_map(SubjectId::OfKey),
    ]
}

fn authority_id() -> impl Strategy<Value = AuthorityId> {
    prop_oneof![
        8 => Just(AuthorityId::Derived),
        2 => Just(AuthorityId::Absent),
        1 => Just(AuthorityId::Empty),
        1 => Just(AuthorityId::Wrong),
        1 => Just(AuthorityId::Long),
        2 => (0..KEYS).prop_map(AuthorityId::OfKey),
        1 => Just(AuthorityId::IssuerAndSerial),
        1 => Just(AuthorityId::Both),
        1 => identity().prop_map(AuthorityId::IssuerAndSerialOf),
    ]
}

fn validity() -> impl Strategy<Value = Validity> {
    prop_oneof![
        58 => Just(Validity::Valid),
        1 => Just(Validity::Expired),
        1 => Just(Validity::NotYetValid),
    ]
}

fn constraints() -> impl Strategy<Value = Constraints> {
    prop_oneof![
        30 => Just(Constraints::None),
        3 => Just(Constraints::PermitHost),
        1 => Just(Constraints::ExcludeHost),
        1 => Just(Constraints::PermitAnother),
    ]
}

fn flaw() -> impl Strategy<Value = Flaw> {
    prop_oneof![
        96 => Just(Flaw::None),
        1 => Just(Flaw::Forged),
        1 => Just(Flaw::WrongRole),
        1 => Just(Flaw::Truncated),
        1 => Just(Flaw::UnknownCriticalExtension),
    ]
}
