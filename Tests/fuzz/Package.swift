// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// The parts that read hostile bytes, built once more with libFuzzer's coverage. They need no other package, so this is quick; scripts/fuzz builds and
// runs it. The folders are links to the same sources. The targets are libraries, which scripts/fuzz links: a program of SwiftPM would bring a main of its own.
let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-sanitize=fuzzer"]),
]
let entry: [SwiftSetting] = rules + [.unsafeFlags(["-parse-as-library"])]

let package = Package(
    name: "swiftlet-fuzz",
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive"),
        .systemLibrary(name: "CNettle", pkgConfig: "nettle"),
        .target(name: "LinuxSystem", dependencies: ["CLinux"], swiftSettings: rules),
        .target(name: "FunctionModel", swiftSettings: rules),
        .target(name: "OCI", dependencies: ["FunctionModel"], swiftSettings: rules),
        .target(name: "Sandbox", dependencies: ["FunctionModel", "LinuxSystem"], swiftSettings: rules),
        .target(name: "LayerArchive", dependencies: ["CArchive", "CNettle", "FunctionModel", "LinuxSystem"], swiftSettings: rules),
        .target(
            name: "fuzz-layer", dependencies: ["CNettle", "FunctionModel", "LayerArchive", "LinuxSystem"], swiftSettings: entry),
        .target(
            name: "fuzz-archive", dependencies: ["FunctionModel", "LinuxSystem", "OCI", "Sandbox"], swiftSettings: entry),
        .target(name: "fuzz-documents", dependencies: ["FunctionModel", "OCI"], swiftSettings: entry),
        .target(name: "fuzz-reference", dependencies: ["OCI"], swiftSettings: entry),
        .target(name: "fuzz-wire", dependencies: ["Sandbox"], swiftSettings: entry),
    ],
    swiftLanguageModes: [.v6]
)
