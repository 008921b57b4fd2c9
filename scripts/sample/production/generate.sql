-- Fills the sample production. psql variable: users. The same number gives the same rows, on any machine: every value is
-- drawn by hashing the row's number, so it does not depend on the order in which a plan visits the rows.
-- Nobody here is real: mail domains end in .example (RFC 2606), names are combined from lists.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET synchronous_commit = off;
SET jit = off;
BEGIN;

CREATE EXTENSION IF NOT EXISTS pgcrypto;

CREATE FUNCTION pg_temp.draw(of bigint, what text, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (hashtextextended(what, of) & 9223372036854775807) % n $$;
CREATE FUNCTION pg_temp.one_of(of bigint, what text, options text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT options[1 + (hashtextextended(what, of) & 9223372036854775807) % cardinality(options)] $$;
CREATE FUNCTION pg_temp.cuid(of bigint, kind text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT 'c' || substr(md5(kind || of), 1, 24) $$;

-- given and family names as written, then as they stand in an e-mail address
CREATE TEMP TABLE culture (n int, country text, given text[], given_latin text[], family text[], family_latin text[],
  streets text[], cities text[], phone text);
INSERT INTO culture VALUES
(0, 'DE', '{Jürgen,Anneliese,Björn,Käthe,Lukas,Mia,Sören,Frieda,Özlem,Thomas}', '{juergen,anneliese,bjoern,kaethe,lukas,mia,soeren,frieda,oezlem,thomas}',
 '{Müller,Schäfer,Groß,Weiß,Köhler,Vogel,Brandt,Jäger,Lindner,von Bülow}', '{mueller,schaefer,gross,weiss,koehler,vogel,brandt,jaeger,lindner,buelow}',
 '{Lindenstraße,Am Mühlbach,Goethestraße,Bahnhofstraße}', '{Köln,München,Görlitz,Leipzig}', '+49 170 #######'),
(1, 'FR', '{Élodie,François,Chloé,Jérôme,Anaïs,Benoît,Zoé,Rémi,Margaux,Théo}', '{elodie,francois,chloe,jerome,anais,benoit,zoe,remi,margaux,theo}',
 '{Lefèvre,Dubois,Gauthier,D''Aubigné,Moreau,Bérenger,Fournier,Garçon,Noël,Le Goff}', '{lefevre,dubois,gauthier,daubigne,moreau,berenger,fournier,garcon,noel,legoff}',
 '{Rue de la Forêt,Allée des Tilleuls,Rue Molière}', '{Besançon,Orléans,Nîmes,Lyon}', '06 ## ## ## ##'),
(2, 'ES', '{José,María,Íñigo,Begoña,Ángel,Lucía,Andrés,Inés,Raúl,Sofía}', '{jose,maria,inigo,begona,angel,lucia,andres,ines,raul,sofia}',
 '{Núñez,Ibáñez,García,Peña,Hernández,Ortiz,Muñoz,López,Yáñez,Zúñiga}', '{nunez,ibanez,garcia,pena,hernandez,ortiz,munoz,lopez,yanez,zuniga}',
 '{Calle Mayor,Avenida de América,Plaza de España}', '{Cádiz,León,A Coruña,Málaga}', '+34 6## ### ###'),
(3, 'PL', '{Łukasz,Małgorzata,Józef,Agnieszka,Stanisław,Żaneta,Paweł,Święta,Michał,Zofia}', '{lukasz,malgorzata,jozef,agnieszka,stanislaw,zaneta,pawel,swieta,michal,zofia}',
 '{Wiśniewski,Dąbrowska,Wójcik,Kamińska,Zieliński,Kozłowska,Jabłoński,Król,Piątek,Źrebak}', '{wisniewski,dabrowska,wojcik,kaminska,zielinski,kozlowska,jablonski,krol,piatek,zrebak}',
 '{ul. Długa,ul. Świętokrzyska,ul. Krótka}', '{Łódź,Kraków,Gdańsk,Wrocław}', '+48 ### ### ###'),
(4, 'TR', '{Ayşe,Mehmet,Gülşen,İbrahim,Çağla,Oğuz,Zeynep,Emre,Işıl,Yiğit}', '{ayse,mehmet,gulsen,ibrahim,cagla,oguz,zeynep,emre,isil,yigit}',
 '{Yılmaz,Öztürk,Çelik,Şahin,Doğan,Kılıç,Aydın,Güneş,Koç,Arslan}', '{yilmaz,ozturk,celik,sahin,dogan,kilic,aydin,gunes,koc,arslan}',
 '{Atatürk Caddesi,Gül Sokak,Barış Caddesi}', '{İzmir,Eskişehir,Muğla}', '+90 5## ### ## ##'),
(5, 'VN', '{Hương,Minh Đức,Thị Lan,Quốc Bảo,Ngọc Ánh,Hữu Phước}', '{huong,minhduc,thilan,quocbao,ngocanh,huuphuoc}',
 '{Nguyễn,Trần,Phạm,Đặng,Bùi,Huỳnh}', '{nguyen,tran,pham,dang,bui,huynh}', '{Đường Lê Lợi,Phố Hàng Bông}', '{Hà Nội,Đà Nẵng,Huế}', '09## ### ###'),
(6, 'EG', '{محمد,فاطمة,أحمد,مريم,يوسف,نور}', '{mohamed,fatima,ahmed,mariam,youssef,nour}', '{الحسن,عبد الله,المصري,خليل,حداد,منصور}', '{elhassan,abdallah,elmasry,khalil,haddad,mansour}',
 '{شارع التحرير,شارع النيل}', '{القاهرة,الإسكندرية}', '+20 10 #### ####'),
(7, 'CN', '{伟,芳,娜,秀英,敏,静}', '{wei,fang,na,xiuying,min,jing}', '{王,李,张,刘,陈,欧阳}', '{wang,li,zhang,liu,chen,ouyang}', '{人民路,解放大道}', '{上海,成都,武汉}', '+86 13# #### ####'),
(8, 'JP', '{結衣,翔太,さくら,健一,陽菜,大輔}', '{yui,shota,sakura,kenichi,hina,daisuke}', '{佐藤,鈴木,高橋,渡辺,小林,齋藤}', '{sato,suzuki,takahashi,watanabe,kobayashi,saito}', '{本町,桜通り}', '{京都市,横浜市,札幌市}', '090-####-####'),
(9, 'IN', '{अनीता,Rahul,प्रिया,Vikram,Lakshmi,सुनील}', '{anita,rahul,priya,vikram,lakshmi,sunil}', '{शर्मा,Patel,Iyer,सिंह,Chatterjee,Reddy}', '{sharma,patel,iyer,singh,chatterjee,reddy}', '{MG Road,Gandhi Marg}', '{Pune,मुंबई,Kolkata}', '+91 9#### #####'),
(10, 'NG', '{Olúwáṣeun,Chidinma,Adébáyọ̀,Ngozi,Yusuf,Ìfẹ́}', '{oluwaseun,chidinma,adebayo,ngozi,yusuf,ife}', '{Okonkwo,Adéyemí,Bello,Eze,Balogun,Nwosu}', '{okonkwo,adeyemi,bello,eze,balogun,nwosu}', '{Broad Street,Awolowo Road}', '{Lagos,Ìbàdàn,Kano}', '+234 80# ### ####'),
(11, 'RU', '{Наталья,Сергей,Ольга,Дмитрий,Алёна,Пётр}', '{natalya,sergey,olga,dmitry,alyona,pyotr}', '{Иванова,Кузнецов,Соловьёва,Попов,Морозова,Щербаков}', '{ivanova,kuznetsov,solovyova,popov,morozova,shcherbakov}', '{ул. Ленина,Садовая ул.}', '{Казань,Томск}', '8 (9##) ###-##-##'),
(12, 'GR', '{Ελένη,Γιώργος,Μαρία,Νίκος,Σοφία,Κώστας}', '{eleni,giorgos,maria,nikos,sofia,kostas}', '{Παπαδόπουλος,Γεωργίου,Οικονόμου,Δημητρίου,Αγγέλου,Βασιλείου}', '{papadopoulos,georgiou,oikonomou,dimitriou,angelou,vasileiou}', '{Οδός Ερμού,Λεωφόρος Αλεξάνδρας}', '{Αθήνα,Θεσσαλονίκη}', '+30 69# ### ####'),
(13, 'IS', '{Þórunn,Sigurður,Ásta,Ólafur,Guðrún,Æsa}', '{thorunn,sigurdur,asta,olafur,gudrun,aesa}', '{Jónsdóttir,Sigurðsson,Þórsdóttir,Ægisson,Guðmundsdóttir,Árnason}', '{jonsdottir,sigurdsson,thorsdottir,aegisson,gudmundsdottir,arnason}', '{Laugavegur,Hafnargata}', '{Reykjavík,Ísafjörður}', '+354 ### ####'),
(14, 'US', '{Mary-Jane,James,Aaliyah,Sean,Noah,Grace,Mateo,Ruth}', '{mary-jane,james,aaliyah,sean,noah,grace,mateo,ruth}', '{O''Connor,Smith,Washington,Nguyen-Lee,Rodriguez,McDonald,Begay,Kowalski}', '{oconnor,smith,washington,nguyen-lee,rodriguez,mcdonald,begay,kowalski}', '{Oak Street,Martin Luther King Jr. Blvd,5th Avenue}', '{Springfield,"Santa Fe","St. Paul"}', '(5##) 555-01##'),
(15, 'KE', '{Wanjiku,Otieno,Amina,Kamau,Nyambura,Juma}', '{wanjiku,otieno,amina,kamau,nyambura,juma}', '{Mwangi,Odhiambo,Hassan,Njoroge,Wambui,Kiprop}', '{mwangi,odhiambo,hassan,njoroge,wambui,kiprop}', '{Moi Avenue,Kenyatta Road}', '{Nairobi,Mombasa,Kisumu}', '+254 7## ######');

-- A password per hundredth user: story-0 … story-99. Hashing one for each would take a minute and show nothing more.
CREATE TEMP TABLE password AS
SELECT k, crypt('story-' || k, '$2a$06$' || substr(md5('salt' || k), 1, 21) || 'e') AS hash FROM generate_series(0, 99) AS k;

CREATE TEMP TABLE person AS
SELECT i, pg_temp.cuid(i, 'user') AS id, c.country,
  g.given || ' ' || f.family AS name,
  -- the local part as people write it: with dots, numbers, tags, capitals
  CASE pg_temp.draw(i, 'style', 5)
    WHEN 0 THEN g.latin || '.' || f.latin || i
    WHEN 1 THEN initcap(g.latin) || '.' || initcap(f.latin) || i
    WHEN 2 THEN g.latin || '+stories' || i
    WHEN 3 THEN left(g.latin, 1) || '_' || f.latin || '-' || i
    ELSE f.latin || i END
    || '@' || pg_temp.one_of(i, 'domain', '{mail.example,post.example,school.example,inbox.example,lernen.schule.example}') AS email,
  CASE WHEN pg_temp.draw(i, 'has phone', 10) < 8 THEN
    -- each # of the pattern is one digit of a number drawn from the row
    (SELECT string_agg(CASE WHEN letter = '#' THEN pg_temp.draw(i, 'digit' || place, 10)::text ELSE letter END, '' ORDER BY place)
     FROM regexp_split_to_table(c.phone, '') WITH ORDINALITY AS letters (letter, place)) END AS phone,
  pg_temp.one_of(i, 'street', c.streets) || ' ' || 1 + pg_temp.draw(i, 'house', 180) AS street,
  pg_temp.one_of(i, 'city', c.cities) AS city,
  lpad(pg_temp.draw(i, 'zip', 99999)::text, 5, '0') AS zip,
  -- one in 250 writes stories, as a teacher: the first ones, so that few authors hold all the stories
  (CASE WHEN i <= greatest(3, :users / 250) THEN 'TEACHER'
        WHEN i = greatest(3, :users / 250) + 1 THEN 'ADMIN'
        ELSE (ARRAY['LEARNER','LEARNER','LEARNER','LEARNER','LEARNER','LEARNER','LEARNER','TEACHER','VOLUNTEER','INSTITUTION'])
             [1 + pg_temp.draw(i, 'role', 10)] END)::"UserRole" AS role,
  timestamp '2023-01-05' + pg_temp.draw(i, 'joined', 1200 * 24 * 3600) * interval '1 second' + interval '0.123 second' AS joined
FROM generate_series(1, :users) AS i
JOIN culture c ON c.n = pg_temp.draw(i, 'culture', 16)
CROSS JOIN LATERAL (SELECT 1 + pg_temp.draw(i, 'given', cardinality(c.given))::int AS g, 1 + pg_temp.draw(i, 'family', cardinality(c.family))::int AS f) AS at
CROSS JOIN LATERAL (SELECT c.given[at.g] AS given, c.given_latin[at.g] AS latin) AS g
CROSS JOIN LATERAL (SELECT c.family[at.f] AS family, c.family_latin[at.f] AS latin) AS f;
CREATE UNIQUE INDEX ON person (i);
ANALYZE person;

-- In one statement, so that the foreign key of the inviter holds whichever row comes first.
INSERT INTO "User" (id, email, name, phone, "passwordHash", role, profile, interests, "invitedById", "lastLoginIp", "dateOfBirth", "createdAt", "updatedAt")
SELECT p.id, p.email, p.name, p.phone, w.hash, p.role,
  jsonb_strip_nulls(jsonb_build_object(
    'address', jsonb_build_object('street', p.street, 'city', p.city, 'zip', p.zip, 'country', p.country),
    'bio', CASE WHEN pg_temp.draw(p.i, 'bio', 3) = 0 THEN format('I am %s from %s. Write to me: %s', p.name, p.city, p.email) END,
    'guardianEmail', CASE WHEN p.role = 'LEARNER' AND pg_temp.draw(p.i, 'guardian', 4) = 0 THEN 'parent.of.' || p.email END,
    'social', jsonb_build_object('instagram', '@' || split_part(p.email, '@', 1), 'website', 'https://' || replace(split_part(p.email, '@', 1), '+', '-') || '.pages.example'))),
  ARRAY[pg_temp.one_of(p.i, 'likes', '{animals,space,sea,history}'), pg_temp.one_of(p.i, 'likes too', '{friendship,magic,cooking,robots}')],
  CASE WHEN p.i > 10 AND pg_temp.draw(p.i, 'invited', 10) < 3 THEN pg_temp.cuid(1 + pg_temp.draw(p.i, 'by', p.i - 1), 'user') END,
  CASE WHEN pg_temp.draw(p.i, 'ipv6', 5) = 0 THEN ('2001:db8:' || to_hex(p.i) || '::1')::inet
       ELSE inet '198.18.0.0' + pg_temp.draw(p.i, 'ip', 131071) END,
  CASE WHEN pg_temp.draw(p.i, 'has birth', 10) < 9 THEN date '1955-01-01' + pg_temp.draw(p.i, 'birth', 22000)::int END,
  p.joined, p.joined + pg_temp.draw(p.i, 'updated', 30) * interval '1 day'
FROM person p JOIN password w ON w.k = p.i % 100;

INSERT INTO "Story" (id, title, slug, content, tags, status, "authorId", "publishedAt", "createdAt", "updatedAt")
SELECT pg_temp.cuid(s, 'story'), title, lower(regexp_replace(title, '[^A-Za-z]+', '-', 'g')) || '-' || s,
  format(E'Once upon a time in %s there lived %s, whose best friend was %s. Every evening they walked along %s and counted the lamps.\n\n'
    'One night the smallest lamp began to speak. "I know a story", it said, "but it needs one who listens." So %s sat down.\n\n'
    'Told by the children of %s. Thanks to %s%s.', hero.city, hero.name, friend.name, hero.street, split_part(friend.name, ' ', 1), author.city, friend.name,
    CASE s % 4 WHEN 0 THEN ' (' || friend.email || ')' WHEN 1 THEN coalesce(', who can be called at ' || friend.phone, '') ELSE '' END),
  ARRAY['bedtime', pg_temp.one_of(s, 'tag', '{animals,space,sea,history}')],
  status, author.id, CASE WHEN status IN ('PUBLISHED', 'ARCHIVED') THEN author.joined + interval '20 days' + s % 2000 * interval '1 hour' END,
  author.joined + s % 2000 * interval '1 hour', author.joined + interval '21 days' + s % 2000 * interval '1 hour'
FROM generate_series(1, greatest(20, :users / 10)) AS s
CROSS JOIN LATERAL (SELECT format('The %s %s and the %s', pg_temp.one_of(s, 'how', '{Brave,Sleepy,Singing,Smallest,Forgotten}'),
  pg_temp.one_of(s, 'who', '{Lamp,Camel,Cloud,Tailor,Lighthouse,Owl}'), pg_temp.one_of(s, 'what', '{Moon,River,Robot,Bakery,Winter}')) AS title) AS t
CROSS JOIN LATERAL (SELECT (ARRAY['PUBLISHED','PUBLISHED','PUBLISHED','PUBLISHED','PUBLISHED','PUBLISHED','DRAFT','REVIEW','ARCHIVED'])[1 + pg_temp.draw(s, 'status', 9)]::"StoryStatus" AS status) AS st
JOIN person author ON author.i = 1 + s % greatest(3, :users / 250)
JOIN person hero ON hero.i = 1 + pg_temp.draw(s, 'hero', :users)
JOIN person friend ON friend.i = 1 + pg_temp.draw(s, 'friend', :users);

INSERT INTO "UserStory" ("userId", "storyId", progress, rating, note, "createdAt", "updatedAt")
SELECT p.id, pg_temp.cuid(story, 'story'), progress, CASE WHEN progress = 100 THEN 1 + pg_temp.draw(p.i, 'rating' || k, 5) END,
  CASE pg_temp.draw(p.i, 'note' || k, 12)
    WHEN 0 THEN format('%s read this to me, so lovely!', other.name)
    WHEN 1 THEN format('Send the printed one to %s please', other.email)
    WHEN 2 THEN coalesce('Ask ' || split_part(other.name, ' ', 1) || ' on ' || other.phone, 'Read twice') END,
  p.joined + k * interval '1 day', p.joined + k * interval '1 day'
FROM person p
CROSS JOIN LATERAL generate_series(1, pg_temp.draw(p.i, 'shelf', 13)) AS k
CROSS JOIN LATERAL (SELECT 1 + (pg_temp.draw(p.i, 'first', 1000000) + k * 7) % greatest(20, :users / 10) AS story,
  (ARRAY[100, 100, pg_temp.draw(p.i, 'progress' || k, 101), 0])[1 + pg_temp.draw(p.i, 'kind' || k, 4)]::int AS progress) AS v
JOIN person other ON other.i = 1 + pg_temp.draw(p.i, 'other' || k, :users)
ON CONFLICT DO NOTHING;

INSERT INTO "Order" ("orderNumber", "userId", total, status, "shippingName", "shippingAddress", "contactEmail", items, "createdAt", "updatedAt")
SELECT format('ORD-%s-%s', to_char(at, 'YYYY'), lpad((p.i * 10 + k)::text, 7, '0')), p.id, price * amount,
  (ARRAY['PENDING','PAID','SHIPPED','DELIVERED','DELIVERED','DELIVERED','CANCELLED'])[1 + pg_temp.draw(p.i, 'state' || k, 7)]::"OrderStatus",
  p.name, format(E'%s\n%s %s\n%s', p.street, p.zip, p.city, p.country), p.email,
  jsonb_build_array(jsonb_build_object('sku', 'BOOK-' || pg_temp.draw(p.i, 'sku' || k, 40), 'quantity', amount, 'price', price,
    'dedication', CASE WHEN k = 1 THEN 'For ' || p.name END)), at, at
FROM person p
CROSS JOIN LATERAL generate_series(1, pg_temp.draw(p.i, 'orders', 4)) AS k
CROSS JOIN LATERAL (SELECT p.joined + (k * 40 + pg_temp.draw(p.i, 'day' || k, 40)) * interval '1 day' AS at,
  round((799 + pg_temp.draw(p.i, 'price' || k, 3000)) / 100.0, 2) AS price, 1 + pg_temp.draw(p.i, 'amount' || k, 4) AS amount) AS v
ORDER BY p.i, k;

INSERT INTO "Donation" (id, "userId", "donorName", "donorEmail", amount, currency, status, message, "receiptIban", "createdAt")
SELECT md5('donation' || p.i)::uuid, CASE WHEN pg_temp.draw(p.i, 'known', 5) > 0 THEN p.id END, p.name, p.email,
  (500 + pg_temp.draw(p.i, 'gift', 20000))::numeric / 100, pg_temp.one_of(p.i, 'currency', '{EUR,EUR,EUR,USD,GBP,JPY}'),
  (ARRAY['SUCCEEDED','SUCCEEDED','SUCCEEDED','PENDING','REFUNDED','FAILED'])[1 + pg_temp.draw(p.i, 'paid', 6)]::"DonationStatus",
  CASE pg_temp.draw(p.i, 'words', 3) WHEN 0 THEN format('In memory of my grandmother. Receipt to %s, %s %s', p.name, p.street, p.city)
    WHEN 1 THEN format('Greetings from %s (%s)', split_part(p.name, ' ', 1), coalesce(p.phone, p.email)) END,
  CASE WHEN pg_temp.draw(p.i, 'iban', 3) = 0 THEN body.country || lpad((98 - mod((body.digits || body.tail)::numeric, 97))::text, 2, '0') || body.digits END,
  p.joined + pg_temp.draw(p.i, 'given on', 90) * interval '1 day'
FROM person p
-- a German account number with its right check digits: D is 13, E is 14, then 00
CROSS JOIN LATERAL (SELECT 'DE' AS country, lpad(pg_temp.draw(p.i, 'bank', 99999999)::text, 8, '0') || lpad(pg_temp.draw(p.i, 'account', 9999999999)::text, 10, '0') AS digits, '131400' AS tail) AS body
WHERE pg_temp.draw(p.i, 'donates', 2) = 0;

COMMIT;
VACUUM (ANALYZE);
