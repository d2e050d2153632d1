// SPDX-License-Identifier: Apache-2.0
import ControlAPI
import Foundation
import FunctionModel
import Testing

@Suite struct ZipInJSONTests {
    /// Sends a body in pieces of a size, and gives the zip and the rest.
    private func take(_ body: String, pieces: Int) throws -> (zip: [UInt8], rest: [String: JSONValue]) {
        var reader = ZipInJSON()
        var zip: [UInt8] = []
        let bytes = Array(body.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            zip += try reader.take(bytes[start..<min(bytes.count, start + pieces)])
        }
        return (zip, try reader.finish())
    }

    @Test("the zip comes out whatever the pieces, and the rest is an ordinary body", arguments: [1, 2, 3, 7, 100_000])
    func pieces(_ size: Int) throws {
        for count in [0, 1, 2, 3, 4, 1000] {
            let zip = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 251) }
            let text = Data(zip).base64EncodedString()
            let body = #"{"description":"a \"zipFile\": {","code":{"checksum":"7","zipFile":"\#(text)"},"compatibleRuntime":["x"]}"#
            let (found, rest) = try take(body, pieces: size)
            #expect(found == zip)
            #expect(rest["description"] == #"a "zipFile": {"# && rest["code"] == ["checksum": "7", "zipFile": ""])
        }
    }

    @Test func escapesThatEncodersWriteAreUnderstood() throws {
        #expect(try take(#"{"code":{"zipFile":"\/\u002B8="}}"#, pieces: 1).zip == [0xff, 0xef])
        #expect(try take(#"{ "code" : { "zipFile" : "AA\n A=" } }"#, pieces: 5).zip == [0, 0])
    }

    @Test("only code.zipFile is the zip") func elsewhere() throws {
        for body in [#"{"zipFile":"AAAA","code":{}}"#, #"{"code":{"x":{"zipFile":"AAAA"}}}"#, #"{"code":[{"zipFile":"AAAA"}]}"#] {
            #expect(try take(body, pieces: 3).zip.isEmpty)
        }
    }

    @Test(
        "what is no base64, or comes twice, or hides its name is refused",
        arguments: [
            #"{"code":{"zipFile":"A"}}"#, #"{"code":{"zipFile":"AA=A"}}"#, #"{"code":{"zipFile":"AAA-"}}"#,
            #"{"code":{"zipFile":"AA==="}}"#,
            #"{"code":{"zipFile":"AAAA","zipFile":"AAAA"}}"#, #"{"code":{"zip\u0046ile":"AAAA"}}"#, #"{"code":{"zipFile":"AAAA"}"#,
            #"{"code":{"zipFile":"\u0100AAA"}}"#, #"{"code":{"zipFile":5}}"#,
        ])
    func refused(_ body: String) {
        #expect { _ = try take(body, pieces: 4) } throws: { ($0 as? ServiceError)?.code == "InvalidArgument" }
    }

    @Test func whatIsNotTheZipIsBounded() {
        let body = #"{"description":""# + String(repeating: "a", count: 1 << 20) + #""}"#
        #expect { _ = try take(body, pieces: 1000) } throws: { ($0 as? ServiceError)?.code == "EntityTooLarge" }
    }

    @Test func theChecksumIsThatOfObjectStores() {
        var checksum = CRC64()
        for part in ["1234", "56789"] { Array(part.utf8).withUnsafeBytes { checksum.update($0) } }
        #expect(checksum.value == 0x995d_c9bb_df19_39fa)
    }
}
