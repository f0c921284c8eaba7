/work/main/target2/debug/deps/jit_trust_engine-6b851525c0bf2d7f.d: crates/engine/src/lib.rs crates/engine/src/anchor_key.rs crates/engine/src/binding.rs crates/engine/src/candidates/mod.rs crates/engine/src/candidates/conditions.rs crates/engine/src/candidates/loaded.rs crates/engine/src/handshake_error.rs crates/engine/src/lookup/mod.rs crates/engine/src/lookup/error.rs crates/engine/src/lookup/response.rs crates/engine/src/policy/mod.rs crates/engine/src/policy/builder.rs crates/engine/src/policy/host.rs crates/engine/src/policy/pins.rs crates/engine/src/policy/local.rs crates/engine/src/rejection/mod.rs crates/engine/src/rejection/dated_root.rs crates/engine/src/rejection/describe.rs crates/engine/src/report.rs crates/engine/src/store/mod.rs crates/engine/src/store/blob.rs crates/engine/src/store/error.rs crates/engine/src/verification/mod.rs crates/engine/src/verification/edge.rs crates/engine/src/verification/path.rs crates/engine/src/verification/search.rs

/work/main/target2/debug/deps/libjit_trust_engine-6b851525c0bf2d7f.rmeta: crates/engine/src/lib.rs crates/engine/src/anchor_key.rs crates/engine/src/binding.rs crates/engine/src/candidates/mod.rs crates/engine/src/candidates/conditions.rs crates/engine/src/candidates/loaded.rs crates/engine/src/handshake_error.rs crates/engine/src/lookup/mod.rs crates/engine/src/lookup/error.rs crates/engine/src/lookup/response.rs crates/engine/src/policy/mod.rs crates/engine/src/policy/builder.rs crates/engine/src/policy/host.rs crates/engine/src/policy/pins.rs crates/engine/src/policy/local.rs crates/engine/src/rejection/mod.rs crates/engine/src/rejection/dated_root.rs crates/engine/src/rejection/describe.rs crates/engine/src/report.rs crates/engine/src/store/mod.rs crates/engine/src/store/blob.rs crates/engine/src/store/error.rs crates/engine/src/verification/mod.rs crates/engine/src/verification/edge.rs crates/engine/src/verification/path.rs crates/engine/src/verification/search.rs

crates/engine/src/lib.rs:
crates/engine/src/anchor_key.rs:
crates/engine/src/binding.rs:
crates/engine/src/candidates/mod.rs:
crates/engine/src/candidates/conditions.rs:
crates/engine/src/candidates/loaded.rs:
crates/engine/src/handshake_error.rs:
crates/engine/src/lookup/mod.rs:
crates/engine/src/lookup/error.rs:
crates/engine/src/lookup/response.rs:
crates/engine/src/policy/mod.rs:
crates/engine/src/policy/builder.rs:
crates/engine/src/policy/host.rs:
crates/engine/src/policy/pins.rs:
crates/engine/src/policy/local.rs:
crates/engine/src/rejection/mod.rs:
crates/engine/src/rejection/dated_root.rs:
crates/engine/src/rejection/describe.rs:
crates/engine/src/report.rs:
crates/engine/src/store/mod.rs:
crates/engine/src/store/blob.rs:
crates/engine/src/store/error.rs:
crates/engine/src/verification/mod.rs:
crates/engine/src/verification/edge.rs:
crates/engine/src/verification/path.rs:
crates/engine/src/verification/search.rs:
