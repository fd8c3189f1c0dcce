//! The firmware's table of the machine (DMTF DSP0134, "System Management BIOS").

/// Bytes before the table itself in what `GetSystemFirmwareTable('RSMB')` gives: four of versions,
/// and four of the length.
const HEAD: usize = 8;
/// The structure of the chassis.
const CHASSIS: u8 = 3;
/// The structure that ends the table.
const END: u8 = 127;
/// Where a chassis has the number of its asset tag's string.
const ASSET_TAG: usize = 8;

/// The chassis' asset tag in a raw SMBIOS table of Windows; none where the table has none, or is
/// cut short.
pub(in crate::platform) fn chassis_asset_tag(raw: &[u8]) -> Option<String> {
    let mut rest = raw.get(HEAD..)?;
    loop {
        let (kind, length) = (*rest.first()?, usize::from(*rest.get(1)?));
        // A header has four bytes; behind the structure are its strings.
        let structure = rest.get(..length).filter(|_| length >= 4)?;
        let strings = rest.get(length..)?;
        if kind == CHASSIS {
            let number = usize::from(*structure.get(ASSET_TAG)?);
            let tag = strings.split(|byte| *byte == 0).nth(number.checked_sub(1)?)?;
            return Some(String::from_utf8_lossy(tag).trim().to_owned());
        }
        if kind == END {
            return None;
        }
        // Two zeros end the strings, also where there is none.
        let end = strings.windows(2).position(|pair| pair == [0, 0])?;
        rest = strings.get(end + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table as Hyper-V gives it, shortened: BIOS, system, chassis, end.
    fn table(tag: &str) -> Vec<u8> {
        let mut table = vec![0, 3, 1, 0];
        let mut body = vec![0, 6, 0, 0, 1, 2];
        body.extend(b"American Megatrends Inc.\0Hyper-V UEFI Release v4.1\0\0");
        // A structure without strings.
        body.extend([32, 5, 1, 0, 0, 0, 0]);
        body.extend([3, 9, 2, 0, 1, 3, 2, 3, 4]);
        body.extend(b"Microsoft Corporation\x007.0\x000000-0000\0");
        body.extend(tag.as_bytes());
        body.extend(b"\0\0");
        body.extend([127, 4, 3, 0, 0, 0]);
        table.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        table.extend(body);
        table
    }

    #[test]
    fn the_asset_tag_of_the_chassis_is_found_behind_other_structures() {
        let tag = "7783-7084-3265-9085-8269-3286-77";
        assert_eq!(chassis_asset_tag(&table(tag)).as_deref(), Some(tag));
        // A table that is cut short, or that lies about its lengths, has no tag.
        let whole = table(tag);
        for end in 0..whole.len() {
            let found = chassis_asset_tag(&whole[..end]);
            assert!(found.is_none_or(|found| tag.starts_with(&found)), "{end}");
        }
        assert_eq!(chassis_asset_tag(&[0; 64]), None);
        assert_eq!(chassis_asset_tag(&[0xff; 64]), None);
    }
}
