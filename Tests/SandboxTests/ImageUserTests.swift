// SPDX-License-Identifier: Apache-2.0
import Sandbox
import Testing

@Suite struct ImageUserTests {
    let passwd = Array(
        "root:x:0:0:root:/root:/bin/sh\nweb:x:33:44:web:/var/www:/bin/sh\nbad:x:4294967296:0::/:\nminus:x:-1:0::/:\nshort:x\n".utf8)
    let group = Array("root:x:0:\nweb:x:44:\nlogs:x:50:web,root\nwrap:x:4294967296:web\n".utf8)

    func resolve(_ text: String) throws -> ImageUser { try ImageUser(text, passwd: passwd, group: group) }

    @Test func namesAndNumbersAreResolvedInTheImagesFiles() throws {
        #expect(try resolve("") == ImageUser(user: 0, group: 0, groups: [50], home: "/root"))
        #expect(try resolve("web") == ImageUser(user: 33, group: 44, groups: [50], home: "/var/www"))
        #expect(try resolve("33") == ImageUser(user: 33, group: 44, groups: [50], home: "/var/www"))
        #expect(try resolve("web:logs") == ImageUser(user: 33, group: 50, groups: [], home: "/var/www"))
        #expect(try resolve("1000:1001") == ImageUser(user: 1000, group: 1001, groups: [], home: "/"))
        #expect(try resolve("1000") == ImageUser(user: 1000, group: 0, groups: [], home: "/"))
        #expect(try ImageUser("7", passwd: [], group: []) == ImageUser(user: 7, group: 0))
    }

    @Test(
        "CVE-2024-40635: an id that overflows, is negative or unknown never becomes root",
        arguments: [
            "4294967296", "-1", "+0", "2147483648", "18446744073709551616", "0x0", "nobody-here", "bad", "minus", "short",
            "root:4294967296",
            "root:-1", "root:unknown", "root:wrap", "1:2:3",
        ])
    func refuses(_ text: String) { #expect(throws: WireError.self) { try resolve(text) } }

    @Test("CVE-2024-40635: root:999999 keeps the group that was asked for") func bigGroup() throws {
        #expect(try resolve("root:999999").group == 999_999)
    }
}
