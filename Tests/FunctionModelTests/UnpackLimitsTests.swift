// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing

@Suite struct UnpackLimitsTests {
    @Test func goThroughAnArgumentUnchanged() throws {
        var limits = UnpackLimits()
        try limits.set(.bytes, to: 12345)
        try limits.set(.sparse, to: 0)
        #expect(try UnpackLimits("\(limits)") == UnpackLimits("bytes=12345,sparse=0"))
        #expect(try UnpackLimits("\(limits)")[.bytes] == 12345)
        #expect(try UnpackLimits("")[.entries] == UnpackLimit.entries.standard)
    }

    @Test(
        "what is no limit, or beyond its bounds",
        arguments: ["entries", "entries=", "entries=x", "speed=1", "entries=0", "path=4096", "bytes=-1"])
    func refused(_ text: String) { #expect(throws: UnpackLimitError.self) { try UnpackLimits(text) } }

    @Test func everyDefaultLiesWithinItsBounds() {
        for limit in UnpackLimit.allCases { #expect(limit.range.contains(limit.standard), "\(limit)") }
    }
}
