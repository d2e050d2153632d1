// SPDX-License-Identifier: Apache-2.0
import Glibc

func shutdownBoth(_ client: RawClient) { shutdown(client.descriptor, CInt(SHUT_RDWR)) }

func decodeBase64(_ text: String) -> String? {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bits = 0
    var count = 0
    var result: [UInt8] = []
    for byte in text.utf8 where byte != UInt8(ascii: "=") {
        guard let value = digits.firstIndex(of: byte) else { return nil }
        bits = bits << 6 | value
        count += 6
        if count >= 8 {
            count -= 8
            result.append(UInt8(truncatingIfNeeded: bits >> count))
        }
    }
    return String(validating: result, as: UTF8.self)
}
