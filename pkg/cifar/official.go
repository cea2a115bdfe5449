package cifar

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"hash"
)

// officialArchives are the archives as published. MD5 sums are on the author's
// page, https://www.cs.toronto.edu/~kriz/cifar.html; the SHA-256 sums of the
// same files are what data set loaders check.
var officialArchives = []struct {
	dataset, name string
	size          int64
	sha256        string
}{
	{"cifar10", "cifar-10-binary.tar.gz", 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
	{"cifar10", "cifar-10-python.tar.gz", 170_498_071, "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"},
	{"cifar100", "cifar-100-binary.tar.gz", 168_513_733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"},
	{"cifar100", "cifar-100-python.tar.gz", 169_001_437, "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"},
}

// officialSums has the hashes of unpacked files by data set and name, as they
// are published: MD5 sums, which data set loaders check, and the SHA-1 sums of
// CIFAR-10's binary version, which Apache MXNet's loader does.
var officialSums = map[string]map[string]string{
	"cifar10": {
		"data_batch_1": "c99cafc152244af753f735de768cd75f",
		"data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
		"data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
		"data_batch_4": "634d18415352ddfa80567beed471001a",
		"data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
		"test_batch":   "40351d587109b95175f43aff81a1287e",

		"data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
		"data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
		"data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
		"data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
		"data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
		"test_batch.bin":   "67eb016db431130d61cd03c7ad570b013799c88c",
	},
	"cifar100": {
		"train":     "16019d7e3df5f24257cddd939b257f8d",
		"test":      "f0ef6b0ae62326f3e7ffdfab6717acfc",
		"train.bin": "6172c7755cfe09b2fe270c85cebc1b15",
		"test.bin":  "4499cfba6c016c1be1438163640a0898",
	},
}

// hasher is for the kind of hash that an official sum is, nil of none.
func hasher(official string) hash.Hash {
	switch len(official) {
	case hex.EncodedLen(md5.Size):
		return md5.New()
	case hex.EncodedLen(sha1.Size):
		return sha1.New()
	}
	return nil
}

// verify says which official archive the one read is, if any. An archive of
// an official one's size with other content is damaged: chance does not make
// such a file.
func (c *collector) verify(name string, size int64) error {
	for _, a := range officialArchives {
		switch {
		case a.sha256 == c.source.SHA256:
			c.source.Verified = a.name
			return nil
		case a.size == size:
			return formatError(c.path, "", "has the size of the official "+a.name+" but not its sha256 "+a.sha256, "it is damaged: download it again")
		case a.name == name:
			c.note("not the official archive of this name: %d bytes, not %d", size, a.size)
			return nil
		}
	}
	c.note("not an official archive")
	return nil
}
