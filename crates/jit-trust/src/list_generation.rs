/// The generation of the compiled-in list: 2026-11-20, when `webpki-root-certs` was pinned to the version that it is made
/// from. To be raised together with that. The build script reads it as well.
pub(crate) const LIST_GENERATION: u32 = 1_795_132_800;
