//! A private web PKI and TLS servers on loopback, honest and hostile.
