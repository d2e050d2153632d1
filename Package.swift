// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Every target is held to the same rules: Swift 6, no warnings, imports private unless said otherwise.
let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// For what every call goes through. Its state belongs to one event loop or lies behind a lock, and asking before each access to a property of a class
/// whether another one is under way takes 2.5 % of a call (perf record): only builds for debugging ask.
let warm: [SwiftSetting] = rules + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// The root-side programs are one static file each: they start without a dynamic loader, and run inside a root that has no library of ours.
let staticProgram: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib", "-static-executable", "-use-ld=lld"])
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

// A target imports only from lower floors; scripts/check-floors holds this file to it.
let package = Package(
    name: "swiftlet",
    products: [
        .executable(name: "swiftlet", targets: ["swiftlet"]),
        .executable(name: "swiftlet-launcher", targets: ["swiftlet-launcher"]),
        .executable(name: "swiftlet-mold", targets: ["swiftlet-mold"]),
        .executable(name: "swiftlet-unpack", targets: ["swiftlet-unpack"]),
        .executable(name: "swiftlet-inflate", targets: ["swiftlet-inflate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Floor 0: values, typed system calls, and the C that Swift cannot say.
        .target(name: "CLinux"),
        .target(name: "CMold", dependencies: ["CLinux"]),
        .target(name: "CProcessor"),
        .target(name: "CSockets"),
        .target(name: "CUnpackStart"),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CIsal", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "LinuxSystem", dependencies: ["CLinux"], swiftSettings: rules),
        .target(name: "FunctionModel", swiftSettings: rules),
        .target(name: "OCI", dependencies: ["FunctionModel"], swiftSettings: rules),

        // Floor 1: one concept each, no other process involved.
        .target(name: "Sandbox", dependencies: ["FunctionModel", "LinuxSystem"], swiftSettings: rules),
        .target(name: "LayerArchive", dependencies: ["CArchive", "CNettle", "FunctionModel", "LinuxSystem"], swiftSettings: rules),
        .target(
            name: "LayerInflation", dependencies: ["CIsal", "CLinux", "CSeccomp", "CZstd", "FunctionModel", "LinuxSystem"],
            swiftSettings: rules),
        .target(name: "Store", dependencies: ["FunctionModel", "OCI", grdb], swiftSettings: rules),
        .target(name: "Schedules", dependencies: ["FunctionModel"], swiftSettings: rules),
        .target(
            name: "Registry",
            dependencies: ["FunctionModel", "OCI", asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, nioPosix, nioSSL],
            swiftSettings: rules),
        .target(name: "FunctionLog", dependencies: ["CLinux", "FunctionModel", nioPosix], swiftSettings: warm),
        .target(name: "Access", dependencies: ["FunctionModel", "LinuxSystem", crypto, jwtKit], swiftSettings: rules),
        .target(
            name: "ObjectStore", dependencies: ["FunctionModel", "LinuxSystem", asyncHTTPClient, crypto, nioCore, nioHTTP1, nioPosix],
            swiftSettings: rules),

        .target(name: "SpanExport", dependencies: ["FunctionModel", logging, tracing], swiftSettings: rules),
        .target(name: "Prometheus", dependencies: ["CProcessor", coreMetrics], swiftSettings: rules),

        .target(name: "Sockets", dependencies: ["CSockets", deque, heap, nioCore], swiftSettings: warm),

        .target(name: "NATS", dependencies: ["FunctionModel", logging, nioCore, nioPosix], swiftSettings: rules),

        // Floor 2: the privileged loop, and its asynchronous face; the queue, alone or shared by hosts.
        .target(name: "InvocationQueue", dependencies: ["FunctionModel", "NATS", grdb, logging, sqlite], swiftSettings: rules),
        .target(
            name: "Launcher", dependencies: ["CLinux", "CMold", "CNettle", "CSeccomp", "FunctionModel", "LinuxSystem", "Sandbox"],
            swiftSettings: rules
        ),
        .target(name: "LauncherClient", dependencies: ["FunctionModel", "LinuxSystem", "Sandbox"], swiftSettings: rules),

        // Floor 3: images become root file systems.
        .target(
            name: "Images",
            dependencies: [
                "FunctionModel", "OCI", "Registry", "Sandbox", "Store", "LauncherClient", "LinuxSystem", "ObjectStore", "CZlib", crypto,
                grdb, logging,
                nioCore,
                nioPosix,
            ],
            swiftSettings: rules),

        // Floor 4: what may run, and what runs.
        .target(
            name: "Catalog", dependencies: ["Access", "FunctionModel", "Images", "OCI", "Registry", "Schedules", "Store", logging],
            swiftSettings: rules),
        .target(
            name: "Activation",
            dependencies: [
                "FunctionModel", "FunctionLog", "LauncherClient", "Sandbox", "Schedules", coreMetrics, deque, logging, metrics, nioCore,
                nioHTTP1, nioPosix, tracing,
            ],
            swiftSettings: warm),

        .target(name: "Console", dependencies: ["FunctionModel", mustache], swiftSettings: rules),

        // Floor 5: the two faces to the outside.
        .target(
            name: "Gateway",
            dependencies: [
                "Access", "Activation", "FunctionLog", "FunctionModel", "InvocationQueue", "Sockets", coreMetrics, deque, logging, metrics,
                nioCore, nioHPACK, nioHTTP1, nioHTTP2, nioPosix, nioSSL, nioTLS, tracing,
            ],
            swiftSettings: warm),
        .target(
            name: "ControlAPI",
            dependencies: [
                "Access", "Activation", "AsyncInvocation", "Catalog", "Console", "FunctionLog", "FunctionModel", "Images",
                "InvocationQueue", "OCI",
                "ObjectStore", "Prometheus", "Registry", "Store", httpTypes, hummingbird, logging, nioCore, nioPosix, serviceLifecycle,
            ], swiftSettings: rules),

        .target(
            name: "AsyncInvocation",
            dependencies: [
                "Activation", "FunctionLog", "FunctionModel", "InvocationQueue", "NATS", "Schedules", asyncHTTPClient, crypto, logging,
                nioCore,
                nioHTTP1, nioPosix, tracing,
            ], swiftSettings: rules),

        // Floor 6: programs. Wiring only; the command line has one file a verb.
        .executableTarget(
            name: "swiftlet",
            dependencies: [
                "Access", "Activation", "AsyncInvocation", "Catalog", "Console", "ControlAPI", "FunctionLog", "FunctionModel", "Gateway",
                "Images", "InvocationQueue", "LauncherClient", "LinuxSystem", "NATS", "OCI", "ObjectStore", "Prometheus", "Registry",
                "Sandbox",
                "SpanExport", "Store", "CArchive",
                argumentParser, asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, nioPosix, tracing, unixSignals, yams,
            ], swiftSettings: rules),
        .executableTarget(
            name: "swiftlet-launcher", dependencies: ["Launcher", "Sandbox", "LinuxSystem"], swiftSettings: rules,
            linkerSettings: staticProgram),
        // In C alone: `-nostartfiles` leaves out what would bring the Swift runtime in.
        .executableTarget(
            name: "swiftlet-mold", dependencies: ["CLinux", "CMold"],
            linkerSettings: staticProgram + [.unsafeFlags(["-nostartfiles"])]),
        .executableTarget(
            name: "swiftlet-unpack", dependencies: ["CUnpackStart", "FunctionModel", "LayerArchive", "LinuxSystem"],
            swiftSettings: rules, linkerSettings: staticProgram),
        // Debian has isa-l as a shared library only. The Swift runtime is linked in all the same: nothing of a toolchain is needed to run it.
        .executableTarget(
            name: "swiftlet-inflate", dependencies: ["CUnpackStart", "FunctionModel", "LayerInflation", "LinuxSystem"],
            swiftSettings: rules,
            linkerSettings: [.unsafeFlags(["-static-stdlib"])]),

        .target(name: "TarFixtures", path: "Tests/TarFixtures", swiftSettings: rules),
        .target(
            name: "RegistryFixtures", dependencies: ["TarFixtures"], path: "Tests/RegistryFixtures", exclude: ["Programs"],
            swiftSettings: rules),
        .testTarget(name: "OCITests", dependencies: ["FunctionModel", "OCI"], swiftSettings: rules),
        .testTarget(
            name: "LayerArchiveTests", dependencies: ["FunctionModel", "LayerArchive", "LinuxSystem", "TarFixtures"],
            swiftSettings: rules),
        .testTarget(
            name: "ImagesTests",
            dependencies: [
                "FunctionModel", "Images", "LauncherClient", "LinuxSystem", "OCI", "Registry", "RegistryFixtures", "Sandbox", "Store",
                "TarFixtures", crypto, logging,
                nioCore, nioPosix,
            ],
            swiftSettings: rules),
        .testTarget(name: "SpanExportTests", dependencies: ["FunctionModel", "SpanExport", logging, tracing], swiftSettings: rules),
        .testTarget(name: "RegistryTests", dependencies: ["FunctionModel", "Registry"], swiftSettings: rules),
        .testTarget(name: "SocketsTests", dependencies: ["CSockets", "Sockets", nioCore], swiftSettings: rules),
        .testTarget(name: "PrometheusTests", dependencies: ["Prometheus", coreMetrics, metrics], swiftSettings: rules),
        .testTarget(name: "FunctionModelTests", dependencies: ["FunctionModel"], swiftSettings: rules),
        .testTarget(
            name: "InvocationQueueTests",
            dependencies: ["FunctionModel", "InvocationQueue", "NATS", "TarFixtures", grdb, logging, nioPosix],
            swiftSettings: rules),
        .testTarget(
            name: "AsyncInvocationTests", dependencies: ["AsyncInvocation", "FunctionModel", "InvocationQueue", "Schedules", logging],
            swiftSettings: rules),
        .testTarget(name: "SchedulesTests", dependencies: ["FunctionModel", "Schedules"], swiftSettings: rules),
        .testTarget(name: "FunctionLogTests", dependencies: ["FunctionLog", "FunctionModel", nioPosix], swiftSettings: rules),
        .testTarget(name: "SandboxTests", dependencies: ["FunctionModel", "Sandbox"], swiftSettings: rules),
        .testTarget(
            name: "LauncherTests", dependencies: ["CSeccomp", "FunctionModel", "Launcher", "LauncherClient", "LinuxSystem", "Sandbox"],
            exclude: ["Fixtures"],
            swiftSettings: rules),
        .testTarget(name: "ConsoleTests", dependencies: ["Console", "FunctionModel"], swiftSettings: rules),
        .testTarget(name: "AccessTests", dependencies: ["Access", "FunctionModel", "TarFixtures", crypto], swiftSettings: rules),
        .testTarget(
            name: "ObjectStoreTests", dependencies: ["FunctionModel", "ObjectStore", "TarFixtures", nioCore], swiftSettings: rules),
        .testTarget(name: "CommandLineTests", dependencies: ["swiftlet", "FunctionModel", "TarFixtures"], swiftSettings: rules),
        .testTarget(name: "StoreTests", dependencies: ["FunctionModel", "Store", "store-writer", grdb], swiftSettings: rules),
        .testTarget(
            name: "CatalogTests", dependencies: ["Catalog", "ControlStandIns", "FunctionModel", "Images", "OCI", "Store", logging],
            swiftSettings: rules),
        .testTarget(
            name: "ControlAPITests",
            dependencies: [
                "Activation", "AsyncInvocation", "InvocationQueue", "Catalog", "ControlAPI", "ControlStandIns", "FunctionLog",
                "FunctionModel", "Images", "Store",
                asyncHTTPClient, logging,
                nioCore, nioHTTP1, nioPosix,
            ], swiftSettings: rules),

        // Beside the tests: what stands in for root, and the programs that tests start.
        .target(
            name: "ControlStandIns", dependencies: ["FunctionModel", "Images", "LauncherClient", "LinuxSystem", "Sandbox", nioCore],
            path: "Tests/ControlStandIns", swiftSettings: rules),
        .executableTarget(
            name: "queue-bench", dependencies: ["FunctionModel", "InvocationQueue"], path: "Tests/QueueBench", swiftSettings: rules),
        .executableTarget(name: "store-writer", dependencies: ["FunctionModel", "Store"], path: "Tests/StoreWriter", swiftSettings: rules),
        .executableTarget(
            name: "control-api-fixture",
            dependencies: [
                "Access", "Activation", "AsyncInvocation", "InvocationQueue", "Catalog", "ControlAPI", "ControlStandIns", "FunctionLog",
                "FunctionModel", "Images", "ObjectStore", "Store", logging,
                nioCore, nioPosix,
            ], path: "Tests/ControlAPIFixture", swiftSettings: rules),
        .testTarget(name: "HostTests", dependencies: ["RegistryFixtures", "TarFixtures"], exclude: ["Programs"], swiftSettings: rules),
        .testTarget(name: "ActivationTests", dependencies: ["Activation", "FunctionModel", nioCore], swiftSettings: rules),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Activation", "FunctionLog", "FunctionModel", "Gateway", "LauncherClient", "Sandbox", "TarFixtures", logging, nioCore,
                nioHTTP1,
                nioPosix,
            ], exclude: ["Fixtures"], swiftSettings: rules),
    ],
    swiftLanguageModes: [.v6]
)
