/* A reader of trust blobs, versions 1 and 2, written from docs/trust-blob.md alone.
 *
 * What it leaves out: of a certificate it reads the version, the serial number, both names, the dates, the key and the
 * SKID; of other extensions only that they are extensions. So it takes some certificates that the crate does not, and
 * does not check that the flags 2 to 7 and 10 of a record are those of its certificate in CERT.
 *
 * The reader allocates nothing and writes to nothing but what it is given; `main`, at the end, is for the tests. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NO_DATE UINT64_C(0xffffffffff)

enum flag {
    DISTRUST_AFTER = 0x0001,
    NAME_CONSTRAINTS = 0x0002,
    PATH_LENGTH = 0x0004,
    KEY_USAGE = 0x0008,
    EXTENDED_KEY_USAGE = 0x0010,
    NO_KEY_USAGE = 0x0020,
    NO_BASIC_CONSTRAINTS = 0x0040,
    NOT_CA = 0x0080,
    NOT_SELF_ISSUED = 0x0100,
    X509_VERSION_1 = 0x0200,
    ALL_FLAGS = 0x07ff
};

/* A run of bytes. What is absent has no `at`. */
struct bytes {
    const uint8_t *at;
    size_t len;
};

/* A blob that was opened. */
struct blob {
    const uint8_t *bytes;
    uint32_t len, version, generation, count;
    /* Version 1. */
    const uint8_t *certificate_lens, *skid_lens, *skids;
    /* Version 2. */
    uint32_t bits, anchors_len, skix_count;
    const uint8_t *ends, *slots, *anchors, *skix;
    struct bytes names, certificates;
};

/* An anchor. Version 1 has no flags, and nothing that depends on one. */
struct anchor {
    uint8_t hash[16];
    unsigned flags, path_length, key_usage;
    uint32_t position;
    uint64_t not_before, not_after, distrust_after;
    struct bytes spki, serial, skid, extended_key_usage, name_constraints, name, certificate;
};

static uint32_t be16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }
static uint32_t be32(const uint8_t *at) { return be16(at) << 16 | be16(at + 2); }
static uint64_t be40(const uint8_t *at) { return (uint64_t)be32(at) << 8 | at[4]; }

static struct bytes run(const uint8_t *at, size_t len) {
    struct bytes run;
    run.at = at;
    run.len = len;
    return run;
}

/* The order of bytes, in which the beginning of another run is the lower one. */
static int compare(struct bytes a, struct bytes b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.at, b.at, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Takes so many bytes from the front of `in`; 0 when there are not as many. */
static int take(struct bytes *in, size_t len, struct bytes *taken) {
    if (in->len < len) return 0;
    *taken = run(in->at, len);
    in->at += len;
    in->len -= len;
    return 1;
}

/* --- Hashes ------------------------------------------------------------------------------------------------------ */

static uint32_t crc32c(const uint8_t *at, size_t len) {
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    uint32_t crc = 0xffffffff;
    while (len--) {
        crc ^= *at++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static uint32_t rotated(uint32_t x, unsigned by) { return x >> by | x << (32 - by); }

static void sha256_block(uint32_t state[8], const uint8_t block[64]) {
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    uint32_t w[64], v[8];
    unsigned i;
    for (i = 0; i < 16; i++) w[i] = be32(block + 4 * i);
    for (; i < 64; i++)
        w[i] = w[i - 16] + (rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, state, sizeof v);
    for (i = 0; i < 64; i++) {
        uint32_t t = v[7] + (rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)) +
                     ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint32_t u = (rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)) +
                     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t;
        v[0] = t + u;
    }
    for (i = 0; i < 8; i++) state[i] += v[i];
}

/* The first 16 bytes of the SHA-256 of a name. */
static void name_hash(struct bytes name, uint8_t hash[16]) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[128] = {0};
    uint64_t bits = (uint64_t)name.len * 8;
    size_t padded;
    unsigned i;
    for (; name.len >= 64; name.at += 64, name.len -= 64) sha256_block(state, name.at);
    if (name.len) memcpy(last, name.at, name.len);
    last[name.len] = 0x80;
    padded = name.len < 56 ? 64 : 128;
    for (i = 0; i < 8; i++) last[padded - 1 - i] = (uint8_t)(bits >> 8 * i);
    sha256_block(state, last);
    if (padded == 128) sha256_block(state, last + 64);
    for (i = 0; i < 16; i++) hash[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* --- Certificates ------------------------------------------------------------------------------------------------ */

/* Takes a DER value of this tag from the front of `in`: `value` is its inside, `whole` has the header too. */
static int der(struct bytes *in, uint8_t tag, struct bytes *value, struct bytes *whole) {
    struct bytes rest = *in, header, length;
    size_t len;
    if (!take(&rest, 2, &header) || header.at[0] != tag) return 0;
    len = header.at[1];
    if (len > 0x80) {
        size_t i, octets = len - 0x80;
        if (octets > 3 || !take(&rest, octets, &length) || length.at[0] == 0) return 0;
        for (len = 0, i = 0; i < octets; i++) len = len << 8 | length.at[i];
        if (len < 0x80) return 0; /* DER has the short form for these */
    } else if (len == 0x80) {
        return 0;
    }
    if (!take(&rest, len, value)) return 0;
    if (whole) *whole = run(in->at, (size_t)(rest.at - in->at));
    *in = rest;
    return 1;
}

static int is_next(struct bytes in, uint8_t tag) { return in.len > 0 && in.at[0] == tag; }

/* The two digits at this place, or -1. */
static int two_digits(const uint8_t *at) {
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') return -1;
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* Takes a Time of RFC 5280 section 4.1.2.5 from the front of `in`: Unix time, 0 before 1970, or NO_DATE when it cannot
 * be read. */
static uint64_t take_time(struct bytes *in) {
    static const int days_before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    struct bytes text;
    int century, year, field[5], i, is_leap, month_len;
    uint64_t days;
    uint8_t tag;
    if (!in->len || (in->at[0] & 0x1f) == 0x1f) return NO_DATE;
    tag = in->at[0];
    if (!der(in, tag, &text, NULL)) return NO_DATE;
    if (tag == 0x17 && text.len == 13) {
        century = text.at[0] < '5' ? 20 : 19;
    } else if (tag == 0x18 && text.len == 15) {
        century = two_digits(text.at);
        text.at += 2;
    } else {
        return NO_DATE;
    }
    year = century < 0 ? -1 : two_digits(text.at);
    for (i = 0; i < 5; i++)
        if ((field[i] = two_digits(text.at + 2 + 2 * i)) < 0) return NO_DATE;
    if (text.at[12] != 'Z' || year < 0 || field[0] < 1 || field[0] > 12) return NO_DATE;
    year += century * 100;
    is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    month_len = (field[0] == 12 ? 365 : days_before[field[0]]) - days_before[field[0] - 1];
    month_len += is_leap && field[0] == 2;
    if (field[1] < 1 || field[1] > month_len) return NO_DATE;
    if (field[2] > 23 || field[3] > 59 || field[4] > 59) return NO_DATE;
    if (year < 1970) return 0;
    days = (uint64_t)((year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400);
    days += (uint64_t)(days_before[field[0] - 1] + (is_leap && field[0] > 2) + field[1] - 1);
    return ((days * 24 + (uint64_t)field[2]) * 60 + (uint64_t)field[3]) * 60 + (uint64_t)field[4];
}

/* Finds the SKID among the extensions, which must all be readable. */
static int read_extensions(struct bytes in, struct bytes *skid) {
    struct bytes extension, id, value, inner;
    while (in.len) {
        if (!der(&in, 0x30, &extension, NULL) || !der(&extension, 0x06, &id, NULL)) return 0;
        if (is_next(extension, 0x01) && !der(&extension, 0x01, &value, NULL)) return 0;
        if (!der(&extension, 0x04, &value, NULL) || extension.len) return 0;
        if (id.len != 3 || memcmp(id.at, "\x55\x1d\x0e", 3) != 0) continue;
        if (der(&value, 0x04, &inner, NULL) && !value.len && inner.len) *skid = inner;
    }
    return 1;
}

/* Reads what an anchor has of its certificate, without the key's uses and the constraints. */
static int read_certificate(struct bytes in, struct anchor *anchor) {
    struct bytes certificate, tbs, skipped, version, issuer, validity, extensions;
    unsigned is_version_1 = 1;
    memset(anchor, 0, sizeof *anchor);
    anchor->certificate = in;
    if (in.len > 0xffff) return 0;
    if (!der(&in, 0x30, &certificate, NULL) || in.len || !der(&certificate, 0x30, &tbs, NULL)) return 0;
    if (!der(&certificate, 0x30, &skipped, NULL) || !der(&certificate, 0x03, &skipped, NULL)) return 0;
    if (certificate.len) return 0;
    if (is_next(tbs, 0xa0)) {
        if (!der(&tbs, 0xa0, &version, NULL) || !der(&version, 0x02, &skipped, NULL) || version.len) return 0;
        is_version_1 = skipped.len == 1 && skipped.at[0] == 0;
    }
    if (!der(&tbs, 0x02, &anchor->serial, NULL) || !der(&tbs, 0x30, &skipped, NULL)) return 0;
    if (!der(&tbs, 0x30, &skipped, &issuer) || !der(&tbs, 0x30, &validity, NULL)) return 0;
    if (!der(&tbs, 0x30, &skipped, &anchor->name) || !der(&tbs, 0x30, &anchor->spki, NULL)) return 0;
    anchor->not_before = take_time(&validity);
    anchor->not_after = take_time(&validity);
    if (is_next(tbs, 0x81) && !der(&tbs, 0x81, &skipped, NULL)) return 0;
    if (is_next(tbs, 0x82) && !der(&tbs, 0x82, &skipped, NULL)) return 0;
    if (is_next(tbs, 0xa3)) {
        if (!der(&tbs, 0xa3, &skipped, NULL) || !der(&skipped, 0x30, &extensions, NULL) || skipped.len) return 0;
        if (!read_extensions(extensions, &anchor->skid)) return 0;
    }
    if (tbs.len) return 0;
    name_hash(anchor->name, anchor->hash);
    if (compare(issuer, anchor->name) != 0) anchor->flags |= NOT_SELF_ISSUED;
    if (is_version_1) anchor->flags |= X509_VERSION_1;
    return 1;
}

/* --- Version 2 --------------------------------------------------------------------------------------------------- */

/* Returns the record of an anchor with this name hash, or NULL. `b` is a blob that was checked when it was opened. */
const uint8_t *find(const struct blob *b, const uint8_t hash[16]) {
    uint32_t k = b->bits ? be32(hash) >> (32 - b->bits) : 0;
    uint32_t lo = k ? be32(b->ends + 4 * (k - 1)) : 0, hi = be32(b->ends + 4 * k);
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (memcmp(b->slots + 20 * mid, hash, 16) < 0) lo = mid + 1; else hi = mid;
    }
    if (lo == b->count || memcmp(b->slots + 20 * lo, hash, 16) != 0) return NULL;
    /* The first with this hash. The slots after its own, at be32(record + 2), may have it too: up to 8 in all. */
    return b->anchors + be32(b->slots + 20 * lo + 16);
}

/* Takes a record from the front of `in`. */
static int take_record(struct bytes *in, struct anchor *anchor) {
    struct bytes fixed, field;
    uint32_t extended_key_usage_len = 0, name_constraints_len = 0;
    memset(anchor, 0, sizeof *anchor);
    if (!take(in, 0x14, &fixed)) return 0;
    anchor->flags = be16(fixed.at);
    anchor->position = be32(fixed.at + 0x02);
    anchor->not_before = be40(fixed.at + 0x06);
    anchor->not_after = be40(fixed.at + 0x0b);
    if (anchor->flags & ~(unsigned)ALL_FLAGS) return 0;
    if (anchor->flags & KEY_USAGE && anchor->flags & NO_KEY_USAGE) return 0;
    if (!!(anchor->flags & PATH_LENGTH) + !!(anchor->flags & NO_BASIC_CONSTRAINTS) + !!(anchor->flags & NOT_CA) > 1)
        return 0;
    if (anchor->flags & DISTRUST_AFTER) {
        if (!take(in, 5, &field)) return 0;
        anchor->distrust_after = be40(field.at);
        if (anchor->distrust_after == NO_DATE) return 0;
    }
    if (anchor->flags & PATH_LENGTH) {
        if (!take(in, 1, &field)) return 0;
        anchor->path_length = field.at[0];
    }
    if (anchor->flags & KEY_USAGE) {
        if (!take(in, 2, &field)) return 0;
        anchor->key_usage = be16(field.at);
    }
    if (anchor->flags & EXTENDED_KEY_USAGE) {
        if (!take(in, 2, &field)) return 0;
        extended_key_usage_len = be16(field.at);
    }
    if (anchor->flags & NAME_CONSTRAINTS) {
        if (!take(in, 2, &field)) return 0;
        name_constraints_len = be16(field.at);
    }
    if (!take(in, be16(fixed.at + 0x10), &anchor->spki)) return 0;
    if (!take(in, fixed.at[0x12], &anchor->serial)) return 0;
    if (fixed.at[0x13] && !take(in, fixed.at[0x13], &anchor->skid)) return 0;
    if (anchor->flags & EXTENDED_KEY_USAGE && !take(in, extended_key_usage_len, &anchor->extended_key_usage)) return 0;
    if (anchor->flags & NAME_CONSTRAINTS && !take(in, name_constraints_len, &anchor->name_constraints)) return 0;
    return 1;
}

/* The value of the anchor at this position, of a NAME or CERT section that was checked. */
static struct bytes value_at(const struct blob *b, struct bytes section, uint32_t position) {
    uint32_t begin, end;
    if (!section.at) return section;
    begin = position ? be32(section.at + 4 * (position - 1)) : 0;
    end = be32(section.at + 4 * position);
    if (begin == end) return run(NULL, 0);
    return run(section.at + 4 * b->count + begin, end - begin);
}

/* The anchor at this position of the index by name, of a blob that was checked. */
static void anchor_at(const struct blob *b, uint32_t position, struct anchor *anchor) {
    const uint8_t *slot = b->slots + 20 * position;
    struct bytes records = run(b->anchors + be32(slot + 16), b->anchors_len - be32(slot + 16));
    take_record(&records, anchor);
    memcpy(anchor->hash, slot, 16);
    anchor->name = value_at(b, b->names, position);
    anchor->certificate = value_at(b, b->certificates, position);
}

static const char *check_slots(const struct blob *b) {
    uint32_t bucket = 0, of_one_hash = 0, position;
    for (position = 0; position < b->count; position++) {
        const uint8_t *slot = b->slots + 20 * position;
        uint32_t own = b->bits ? be32(slot) >> (32 - b->bits) : 0;
        if (position && memcmp(slot - 20, slot, 20) >= 0) return "NAMX: the slots do not ascend";
        of_one_hash = position && memcmp(slot - 20, slot, 16) == 0 ? of_one_hash + 1 : 1;
        if (of_one_hash > 8) return "NAMX: more than 8 anchors of one name";
        for (; bucket < own; bucket++)
            if (be32(b->ends + 4 * bucket) != position) return "NAMX: a bucket does not end where its hashes do";
    }
    for (; bucket < UINT32_C(1) << b->bits; bucket++)
        if (be32(b->ends + 4 * bucket) != b->count) return "NAMX: a bucket does not end where its hashes do";
    return NULL;
}

static const char *check_records(const struct blob *b, uint32_t *with_skid) {
    struct bytes records = run(b->anchors, b->anchors_len);
    struct anchor anchor;
    uint32_t i;
    *with_skid = 0;
    for (i = 0; i < b->count; i++) {
        uint32_t at = (uint32_t)(records.at - b->anchors);
        if (!take_record(&records, &anchor)) return "ANCH: a record cannot be read";
        if (anchor.position >= b->count) return "ANCH: a record has no slot";
        if (be32(b->slots + 20 * anchor.position + 16) != at) return "ANCH: a record is not where its slot says";
        *with_skid += anchor.skid.at != NULL;
    }
    return records.len ? "ANCH: there is more than the records" : NULL;
}

/* Whether two anchors of one name are the same but for their conditions, in whatever way their records say it. */
static int is_same(const struct anchor *a, const struct anchor *b) {
    unsigned told = ~(unsigned)(DISTRUST_AFTER | NAME_CONSTRAINTS | KEY_USAGE);
    unsigned a_usage = a->flags & KEY_USAGE ? a->key_usage : 0x0600, b_usage = b->flags & KEY_USAGE ? b->key_usage : 0x0600;
    return (a->flags & told) == (b->flags & told) && a_usage == b_usage && a->path_length == b->path_length &&
           a->not_before == b->not_before && a->not_after == b->not_after && compare(a->spki, b->spki) == 0 &&
           compare(a->serial, b->serial) == 0 && compare(a->skid, b->skid) == 0 &&
           compare(a->extended_key_usage, b->extended_key_usage) == 0;
}

static const char *check_each_once(const struct blob *b) {
    struct anchor anchor, earlier;
    uint32_t position, other;
    for (position = 1; position < b->count; position++) {
        for (other = position; other && memcmp(b->slots + 20 * (other - 1), b->slots + 20 * position, 16) == 0; other--) {
            anchor_at(b, position, &anchor);
            anchor_at(b, other - 1, &earlier);
            if (is_same(&anchor, &earlier)) return "ANCH: an anchor is there twice";
        }
    }
    return NULL;
}

static const char *check_skix(const struct blob *b) {
    struct anchor anchor, last;
    uint32_t i;
    for (i = 0; i < b->skix_count; i++) {
        uint32_t position = be32(b->skix + 4 * i);
        int order;
        if (position >= b->count) return "SKIX: there is no such anchor";
        anchor_at(b, position, &anchor);
        if (!anchor.skid.at) return "SKIX: an anchor without a SKID";
        order = i ? compare(last.skid, anchor.skid) : -1;
        if (order > 0 || (order == 0 && be32(b->skix + 4 * (i - 1)) >= position)) return "SKIX: it does not ascend";
        last = anchor;
    }
    return NULL;
}

static const char *check_ends(const struct blob *b, struct bytes section) {
    uint32_t i, begin = 0;
    if (section.len < (uint64_t)b->count * 4) return "NAME, CERT: the section is too short";
    for (i = 0; i < b->count; i++) {
        uint32_t end = be32(section.at + 4 * i);
        if (end < begin) return "NAME, CERT: the ends descend";
        begin = end;
    }
    return begin == section.len - 4 * b->count ? NULL : "NAME, CERT: the values do not fill the section";
}

static const char *check_values(const struct blob *b) {
    struct anchor anchor, own;
    uint8_t hash[16];
    uint32_t position;
    for (position = 0; position < b->count; position++) {
        anchor_at(b, position, &anchor);
        if (anchor.name.at) {
            struct bytes rest = anchor.name, inside;
            if (!der(&rest, 0x30, &inside, NULL) || rest.len) return "NAME: a name is no SEQUENCE";
            name_hash(anchor.name, hash);
            if (memcmp(hash, anchor.hash, 16) != 0) return "NAME: a name has another hash";
        }
        if (anchor.certificate.at) {
            unsigned compared = NOT_SELF_ISSUED | X509_VERSION_1;
            if (!read_certificate(anchor.certificate, &own)) return "CERT: a certificate cannot be read";
            if (memcmp(own.hash, anchor.hash, 16) != 0 || compare(own.spki, anchor.spki) != 0 ||
                compare(own.serial, anchor.serial) != 0 || compare(own.skid, anchor.skid) != 0 ||
                own.not_before != anchor.not_before || own.not_after != anchor.not_after ||
                own.flags != (anchor.flags & compared))
                return "CERT: a certificate is not that of its record";
        }
    }
    return NULL;
}

static const char *open_2(struct blob *b) {
    static const char tags[5][5] = {"ANCH", "NAMX", "SKIX", "NAME", "CERT"};
    struct bytes section[5];
    uint32_t sections, i, end, with_skid;
    uint64_t index_len;
    const char *wrong;
    memset(section, 0, sizeof section);
    if (b->len < 0x14 + 4) return "truncated";
    if (be32(b->bytes + 0x0c) != b->len) return "the length is another";
    if (be32(b->bytes + b->len - 4) != crc32c(b->bytes, b->len - 4)) return "the checksum is another";
    sections = be16(b->bytes + 0x06);
    b->generation = be32(b->bytes + 0x08);
    b->count = be32(b->bytes + 0x10);

    if (b->len - 0x14 - 4 < 12 * sections) return "the list of sections is too long";
    end = 0x14 + 12 * sections;
    for (i = 0; i < sections; i++) {
        const uint8_t *entry = b->bytes + 0x14 + 12 * i;
        uint32_t offset = be32(entry + 4), len = be32(entry + 8), tag;
        if (offset != end || b->len - 4 - end < len) return "a section is not where it must be";
        end += len;
        for (tag = 0; tag < 5; tag++) {
            if (memcmp(entry, tags[tag], 4) != 0) continue;
            if (section[tag].at) return "a section is there twice";
            section[tag] = run(b->bytes + offset, len);
        }
    }
    if (end != b->len - 4) return "the sections do not fill the blob";
    if (!section[0].at || !section[1].at || !section[2].at) return "a section is missing";

    if (section[1].len < 4) return "NAMX: too short";
    b->bits = be32(section[1].at);
    if (b->bits > 24) return "NAMX: too many bits";
    index_len = 4 + (UINT64_C(4) << b->bits) + UINT64_C(20) * b->count;
    if (section[1].len != index_len) return "NAMX: another length";
    b->ends = section[1].at + 4;
    b->slots = b->ends + ((size_t)4 << b->bits);
    if ((wrong = check_slots(b))) return wrong;

    b->anchors = section[0].at;
    b->anchors_len = (uint32_t)section[0].len;
    if ((wrong = check_records(b, &with_skid))) return wrong;
    if ((wrong = check_each_once(b))) return wrong;

    if (section[2].len != (uint64_t)with_skid * 4) return "SKIX: another length";
    b->skix = section[2].at;
    b->skix_count = with_skid;
    if ((wrong = check_skix(b))) return wrong;

    if (section[3].at && (wrong = check_ends(b, section[3]))) return wrong;
    if (section[4].at && (wrong = check_ends(b, section[4]))) return wrong;
    b->names = section[3];
    b->certificates = section[4];
    return check_values(b);
}

/* --- Version 1 --------------------------------------------------------------------------------------------------- */

static const char *open_1(struct blob *b) {
    uint64_t certificates = 0, skids = 0, lens_at, skid_lens_at, skids_at;
    struct bytes certificate, skid;
    struct anchor anchor;
    uint32_t i;
    if (b->len < 0x1c) return "truncated";
    if (be32(b->bytes + 0x18) != b->len) return "the length is another";
    b->count = be16(b->bytes + 0x06);
    b->generation = be32(b->bytes + 0x08);
    lens_at = be32(b->bytes + 0x0c);
    skid_lens_at = be32(b->bytes + 0x10);
    skids_at = be32(b->bytes + 0x14);
    if (lens_at < 0x1c || skid_lens_at != lens_at + 2 * b->count || skids_at != skid_lens_at + b->count ||
        skids_at > b->len)
        return "a table is not where it must be";
    b->certificate_lens = b->bytes + lens_at;
    b->skid_lens = b->bytes + skid_lens_at;
    b->skids = b->bytes + skids_at;
    for (i = 0; i < b->count; i++) {
        certificates += be16(b->certificate_lens + 2 * i);
        skids += b->skid_lens[i];
    }
    if (certificates != lens_at - 0x1c) return "the certificates do not fill their part";
    if (skids != b->len - skids_at) return "the SKIDs do not fill their part";

    certificate = run(b->bytes + 0x1c, 0);
    skid = run(b->skids, 0);
    for (i = 0; i < b->count; i++) {
        certificate = run(certificate.at + certificate.len, be16(b->certificate_lens + 2 * i));
        skid = run(skid.at + skid.len, b->skid_lens[i]);
        if (!read_certificate(certificate, &anchor)) return "a certificate cannot be read";
        if (compare(anchor.skid, skid) != 0) return "a SKID is not that of its certificate";
    }
    return NULL;
}

/* The `nth` anchor with this hash and this SKID, where they are given, of a blob of version 1. */
static int look_through(const struct blob *b, const uint8_t *hash, const struct bytes *skid, uint32_t nth,
                        struct anchor *anchor) {
    const uint8_t *at = b->bytes + 0x1c;
    uint32_t i;
    for (i = 0; i < b->count; i++) {
        uint32_t len = be16(b->certificate_lens + 2 * i);
        read_certificate(run(at, len), anchor);
        at += len;
        if (hash && memcmp(anchor->hash, hash, 16) != 0) continue;
        if (skid && (!anchor->skid.at || compare(anchor->skid, *skid) != 0)) continue;
        if (nth-- == 0) return 1;
    }
    return 0;
}

/* --- Both -------------------------------------------------------------------------------------------------------- */

/* Opens a blob. Returns what is wrong with it, or NULL. The bytes must stay where they are. */
const char *blob_open(struct blob *b, const uint8_t *bytes, size_t len) {
    memset(b, 0, sizeof *b);
    if (len < 6 || len > UINT32_MAX) return "no trust blob";
    if (memcmp(bytes, "TBLB", 4) != 0) return "no trust blob";
    b->bytes = bytes;
    b->len = (uint32_t)len;
    b->version = be16(bytes + 4);
    if (b->version == 1) return open_1(b);
    if (b->version == 2) return open_2(b);
    return "an unknown version";
}

/* Each of these gives the `nth` anchor, from 0, that it has been asked for; 0 when there are not as many. */

int blob_nth(const struct blob *b, uint32_t nth, struct anchor *anchor) {
    if (b->version == 1) return look_through(b, NULL, NULL, nth, anchor);
    if (nth >= b->count) return 0;
    anchor_at(b, nth, anchor);
    return 1;
}

int blob_by_name(const struct blob *b, const uint8_t hash[16], uint32_t nth, struct anchor *anchor) {
    const uint8_t *record;
    uint32_t first;
    if (b->version == 1) return look_through(b, hash, NULL, nth, anchor);
    if (!(record = find(b, hash))) return 0;
    first = be32(record + 0x02);
    if (nth >= b->count - first || memcmp(b->slots + 20 * (first + nth), hash, 16) != 0) return 0;
    anchor_at(b, first + nth, anchor);
    return 1;
}

int blob_by_skid(const struct blob *b, struct bytes skid, uint32_t nth, struct anchor *anchor) {
    uint32_t lo = 0, hi = b->skix_count;
    if (b->version == 1) return look_through(b, NULL, &skid, nth, anchor);
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        anchor_at(b, be32(b->skix + 4 * mid), anchor);
        if (compare(anchor->skid, skid) < 0) lo = mid + 1; else hi = mid;
    }
    if (nth >= b->skix_count - lo) return 0;
    anchor_at(b, be32(b->skix + 4 * (lo + nth)), anchor);
    return compare(anchor->skid, skid) == 0;
}

/* --- For the tests -----------------------------------------------------------------------------------------------
 *
 * reader [FILE]: opens the blob in the file, and then does what the lines of the standard input say, with hexadecimal
 * numbers:
 *
 *   open BLOB   opens this blob in the place of the one before
 *   all         every anchor
 *   name HASH   the anchors of this name hash
 *   skid SKID   the anchors of this SKID
 *   damage      opens the blob with each single byte changed in each way, and cut at each length
 *
 * Each answer ends with a line of its own. The memory of a blob is as long as the blob: a sanitizer sees a read outside
 * of it. */
#include <stdio.h>
#include <stdlib.h>

static uint8_t *bytes;
static size_t bytes_len;
static struct blob blob;
static const char *wrong = "nothing was opened";

static void *allocated(void *old, size_t len) {
    void *allocated = realloc(old, len ? len : 1);
    if (!allocated) exit(2);
    return allocated;
}

static void put_hex(const char *label, struct bytes run) {
    size_t i;
    printf(" %s=%s", label, run.at ? "" : "-");
    for (i = 0; i < run.len; i++) printf("%02x", run.at[i]);
}

static void put_time(const char *label, uint64_t time) {
    if (time == NO_DATE) printf(" %s=-", label);
    else printf(" %s=%llu", label, (unsigned long long)time);
}

static void put_anchor(const struct anchor *anchor) {
    printf("anchor");
    put_hex("hash", run(anchor->hash, 16));
    put_time("not_before", anchor->not_before);
    put_time("not_after", anchor->not_after);
    put_hex("serial", anchor->serial);
    put_hex("skid", anchor->skid);
    put_hex("spki", anchor->spki);
    put_hex("name", anchor->name);
    put_hex("certificate", anchor->certificate);
    if (blob.version == 2) {
        printf(" flags=%04x", anchor->flags);
        if (anchor->flags & DISTRUST_AFTER) printf(" distrust_after=%llu", (unsigned long long)anchor->distrust_after);
        if (anchor->flags & PATH_LENGTH) printf(" path_length=%u", anchor->path_length);
        if (anchor->flags & KEY_USAGE) printf(" key_usage=%04x", anchor->key_usage);
        if (anchor->flags & EXTENDED_KEY_USAGE) put_hex("extended_key_usage", anchor->extended_key_usage);
        if (anchor->flags & NAME_CONSTRAINTS) put_hex("name_constraints", anchor->name_constraints);
    }
    printf("\n");
}

/* How many anchors find themselves by their name and, where they have one, by their SKID. */
static uint32_t found(const struct blob *opened) {
    struct anchor anchor, other;
    uint32_t count = 0, i, j;
    for (i = 0; blob_nth(opened, i, &anchor); i++) {
        int by_name = 0, by_skid = !anchor.skid.at;
        for (j = 0; blob_by_name(opened, anchor.hash, j, &other); j++) by_name |= other.spki.at == anchor.spki.at;
        for (j = 0; anchor.skid.at && blob_by_skid(opened, anchor.skid, j, &other); j++)
            by_skid |= other.spki.at == anchor.spki.at;
        count += by_name && by_skid;
    }
    return count;
}

static void put_opened(void) {
    if (wrong) printf("refused: %s\n", wrong);
    else
        printf("opened version=%u generation=%u count=%u found=%u\n", (unsigned)blob.version,
               (unsigned)blob.generation, (unsigned)blob.count, (unsigned)found(&blob));
}

/* Opens these bytes. Whether they are accepted; if so, every lookup must find what is there. */
static int is_accepted(const uint8_t *changed, size_t len) {
    struct blob opened;
    if (blob_open(&opened, changed, len)) return 0;
    if (found(&opened) != opened.count) exit(3);
    return 1;
}

static void damage(void) {
    unsigned long accepted_changes = 0, accepted_cuts = 0;
    size_t at;
    unsigned change;
    for (at = 0; at < bytes_len; at++)
        for (change = 1; change < 0x100; change++) {
            bytes[at] ^= (uint8_t)change;
            accepted_changes += (unsigned long)is_accepted(bytes, bytes_len);
            bytes[at] ^= (uint8_t)change;
        }
    for (at = 0; at < bytes_len; at++) {
        uint8_t *beginning = allocated(NULL, at);
        memcpy(beginning, bytes, at);
        accepted_cuts += (unsigned long)is_accepted(beginning, at);
        free(beginning);
    }
    printf("accepted changes=%lu cuts=%lu\n", accepted_changes, accepted_cuts);
}

static int nibble(char digit) {
    static const char digits[] = "0123456789abcdef";
    const char *at = digit ? strchr(digits, digit) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Turns hexadecimal text into bytes, in its own place. */
static struct bytes from_hex(char *text) {
    size_t len = 0;
    for (; nibble(text[2 * len]) >= 0 && nibble(text[2 * len + 1]) >= 0; len++)
        ((uint8_t *)text)[len] = (uint8_t)(nibble(text[2 * len]) << 4 | nibble(text[2 * len + 1]));
    return run((uint8_t *)text, len);
}

static void open_bytes(const uint8_t *from, size_t len) {
    bytes = allocated(bytes, len);
    if (len) memcpy(bytes, from, len);
    bytes_len = len;
    wrong = blob_open(&blob, bytes, bytes_len);
    put_opened();
}

/* Reads up to the next `end` or to the end of the file. */
static size_t read_until(FILE *file, int end, char **text, size_t *space) {
    size_t len = 0;
    int byte;
    while ((byte = getc(file)) != EOF && byte != end) {
        if (len + 1 >= *space) *text = allocated(*text, *space = 2 * *space + 64);
        (*text)[len++] = (char)byte;
    }
    if (!*text) *text = allocated(NULL, *space = 64);
    (*text)[len] = 0;
    return byte == EOF && end != EOF ? 0 : len;
}

int main(int argc, char **argv) {
    char *text = NULL;
    size_t space = 0;
    uint32_t i;
    struct anchor anchor;
    if (argc > 1) {
        FILE *file = fopen(argv[1], "rb");
        size_t len;
        if (!file) return 2;
        len = read_until(file, EOF, &text, &space);
        fclose(file);
        open_bytes((uint8_t *)text, len);
    }
    while (read_until(stdin, '\n', &text, &space)) {
        if (strncmp(text, "open ", 5) == 0) {
            struct bytes given = from_hex(text + 5);
            open_bytes(given.at, given.len);
            continue;
        }
        if (wrong) return 2;
        if (strcmp(text, "damage") == 0) {
            damage();
        } else if (strcmp(text, "all") == 0) {
            for (i = 0; blob_nth(&blob, i, &anchor); i++) put_anchor(&anchor);
            printf("end\n");
        } else if (strncmp(text, "name ", 5) == 0) {
            struct bytes hash = from_hex(text + 5);
            if (hash.len != 16) return 2;
            for (i = 0; blob_by_name(&blob, hash.at, i, &anchor); i++) put_anchor(&anchor);
            printf("end\n");
        } else if (strncmp(text, "skid ", 5) == 0) {
            struct bytes skid = from_hex(text + 5);
            for (i = 0; blob_by_skid(&blob, skid, i, &anchor); i++) put_anchor(&anchor);
            printf("end\n");
        } else {
            return 2;
        }
    }
    free(text);
    free(bytes);
    return 0;
}
