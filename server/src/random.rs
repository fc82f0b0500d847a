//! Random names: tokens and request ids, from the operating system.

/// Why there are no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers: {0}")]
pub struct NoRandom(getrandom::Error);

/// `BYTES` random bytes as hexadecimal digits.
pub fn random_hex<const BYTES: usize>() -> Result<String, NoRandom> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
